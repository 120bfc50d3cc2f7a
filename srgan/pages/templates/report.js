import { LANGUAGE, make, say } from "./strings.js";
import { Viewer, size, known, models } from "./viewer.js";

const held = (kind) => [...document.querySelectorAll(`script.${kind}`)].map((script) => JSON.parse(script.textContent));
const address = (source) => (source.startsWith("#") ? document.getElementById(source.slice(1)).textContent : source);
const byId = (id) => document.getElementById(id);

const columns = held("columns")[0];
const pictures = held("picture");
const scored = pictures.some((picture) => picture.scores.some((score) => score.psnr));
const shown = { order: pictures, picture: null, left: 0, right: columns.length - 1 };

const last = (list) => list[list.length - 1];
const error = (picture) => picture.errors.find((text) => text) ?? "";
const compare = new Intl.Collator(LANGUAGE, { numeric: true });
const number = (value) => value ?? -Infinity;

const ORDERS = {
  name: (a, b) => compare.compare(a.name, b.name),
  changed: (a, b) => number(b.changed) - number(a.changed) || 0,
  score: (a, b) => (last(a.scores).psnr ?? Infinity) - (last(b.scores).psnr ?? Infinity) || 0,
  errors: (a, b) => Number(!error(a)) - Number(!error(b)),
};

/** A picture as a button with its sides, which opens it. */
function card(picture) {
  const sides = picture.sides.map((side) => make("span", { className: side?.alpha ? "side checks" : "side" },
    side ? make("img", { alt: "", loading: "lazy", decoding: "async", src: side.thumbnail }) : "—"));
  const wrong = error(picture);
  const facts = [picture.changed === null ? "" : `Δ ${picture.changed.toFixed(1)}`,
    last(picture.scores).psnr ? `${last(picture.scores).psnr.toFixed(2)} dB` : ""].filter((text) => text);
  const text = make("span", { className: "text" }, make("span", { className: "name", title: picture.name }, picture.name),
    make("small", { className: wrong ? "wrong" : "" }, wrong || facts.join(" · ")));
  return make("button", { className: "card", type: "button", onclick: () => open(picture) },
    make("span", { className: "sides" }, ...sides), text);
}

const cards = new Map(pictures.map((picture) => [picture, card(picture)]));

function sort(order) {
  shown.order = [...pictures].sort(ORDERS[order]);
  byId("grid").replaceChildren(...shown.order.map((picture) => cards.get(picture)));
}

const facts = make("section", { className: "facts", tabIndex: 0 });
facts.setAttribute("aria-label", say("notes"));

function chooser(side) {
  const select = make("select", { onchange: () => { shown[side] = Number(select.value); open(shown.picture); } },
    ...columns.map((column, i) => make("option", { value: i, textContent: column, selected: i === shown[side] })));
  select.setAttribute("aria-label", say(side));
  return select;
}

const extra = columns.length > 2 ? [chooser("left"), chooser("right")] : [];
const viewer = new Viewer(byId("viewer"), { extra, facts, step });

function step(by) {
  const at = shown.order.indexOf(shown.picture) + by;
  if (shown.order[at]) open(shown.order[at]);
}

function describe(picture, column) {
  const side = picture.sides[column], made = picture.made[column], score = picture.scores[column];
  const wrong = picture.errors[column];
  return [...known(columns[column], [
    ["size", side && `${side.width} × ${side.height}`], ["format", side && `${side.format}, ${side.depth} ${say("bits")}`],
    ["file", side && size(side.bytes)], ...models(made.models), ["seconds", made.seconds], ["notes", made.notes?.join("; ")],
    ["PSNR", score.psnr && `${score.psnr.toFixed(2)} dB`], ["SSIM", score.ssim?.toFixed(4)]]),
  ...(wrong ? [make("p", { className: "wrong" }, wrong)] : [])];
}

/** Shows a picture in the slider; a side that is not there is replaced by the other. */
function open(picture) {
  shown.picture = picture;
  facts.replaceChildren(...columns.flatMap((_, column) => describe(picture, column)));
  const given = [shown.left, shown.right].map((column) => ({ side: picture.sides[column], label: columns[column] }));
  const there = given.find(({ side }) => side)?.side;
  viewer.show(picture.name, there && given.map(({ side, label }) =>
    ({ ...(side ?? there), label: side ? label : say("missing"), source: address((side ?? there).source) })));
}

document.documentElement.lang = LANGUAGE;
document.title = byId("title").textContent = `${columns.join(" · ")} ${say("compare")}`;
byId("sort-label").textContent = say("sort");
byId("sort").append(...Object.keys(ORDERS).filter((order) => order !== "score" || scored)
  .map((order) => make("option", { value: order, textContent: say(order) })));
byId("sort").addEventListener("change", (event) => sort(event.target.value));
const wrong = pictures.filter(error).length;
byId("count").textContent = `${pictures.length} ${say("pictures")}${wrong ? `, ${wrong} ${say("wrong")}` : ""}`;
sort("name");
