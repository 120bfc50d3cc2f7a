import { LANGUAGE, make, say } from "./strings.js";
import { Slider } from "./slider.js";
import { ORDERS, card, error } from "./grid.js";

const held = (kind) => [...document.querySelectorAll(`script.${kind}`)].map((script) => JSON.parse(script.textContent));
const address = (source) => (source.startsWith("#") ? document.getElementById(source.slice(1)).textContent : source);
const byId = (id) => document.getElementById(id);

const columns = held("columns")[0];
const pictures = held("picture");
const cards = new Map(pictures.map((picture) => [picture, card(picture, open)]));
const scored = pictures.some((picture) => picture.scores.some((score) => score.psnr));
const slider = new Slider();
const shown = { order: pictures, picture: null, left: 0, right: columns.length - 1 };

function sort(order) {
  shown.order = [...pictures].sort(ORDERS[order]);
  byId("grid").replaceChildren(...shown.order.map((picture) => cards.get(picture)));
}

function button(text, act, properties = {}) {
  return make("button", { type: "button", textContent: text, onclick: act, ...properties });
}

const ZOOMS = [[null, say("fit"), "0"], [1, "100 %", "1"], [2, "200 %", "2"], [4, "400 %", "4"]];
const zooms = ZOOMS.map(([zoom, text]) => button(text, () => enlarge(zoom)));

function enlarge(zoom) {
  slider.enlarge(zoom);
  zooms.forEach((one, i) => one.setAttribute("aria-pressed", String(ZOOMS[i][0] === zoom)));
}

function magnify() {
  slider.magnifying = !slider.magnifying;
  loupe.setAttribute("aria-pressed", String(slider.magnifying));
}

const loupe = button(say("loupe"), magnify);
const title = make("h2");
const facts = make("section", { className: "facts", tabIndex: 0 });
facts.setAttribute("aria-label", say("notes"));

function chooser(side) {
  const select = make("select", { onchange: () => { shown[side] = Number(select.value); open(shown.picture); } },
    ...columns.map((column, i) => make("option", { value: i, textContent: column, selected: i === shown[side] })));
  select.setAttribute("aria-label", say(side));
  return select;
}

const choosers = columns.length > 2 ? [chooser("left"), chooser("right")] : [];
byId("viewer").append(make("div", { className: "frame" },
  make("div", { className: "bar" }, title, ...choosers, ...zooms, loupe, button("←", () => step(-1), { ariaLabel: say("previous") }),
    button("→", () => step(1), { ariaLabel: say("next") }), button("✕", () => byId("viewer").close(), { ariaLabel: say("close") })),
  slider.stage, facts, slider.range));

function step(by) {
  const at = shown.order.indexOf(shown.picture) + by;
  if (shown.order[at]) open(shown.order[at]);
}

const listed = (values = []) => values.filter((value) => value !== undefined).join(", ");

function describe(picture, column) {
  const side = picture.sides[column], made = picture.made[column], score = picture.scores[column];
  const known = [
    ["size", side && `${side.width} × ${side.height}`], ["format", side && `${side.format}, ${side.depth} ${say("bits")}`],
    ["file", side && `${(side.bytes / 1000).toLocaleString(LANGUAGE, { maximumFractionDigits: 1 })} kB`],
    ["model", listed(made.models?.map((one) => one.name))], ["realism", listed(made.models?.map((one) => one.realism))],
    ["seconds", made.seconds], ["notes", made.notes?.join("; ")],
    ["PSNR", score.psnr && `${score.psnr.toFixed(2)} dB`], ["SSIM", score.ssim?.toFixed(4)]];
  const list = known.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([key, value]) => [make("dt", {}, say(key) ?? key), make("dd", {}, String(value))]);
  const wrong = picture.errors[column];
  return [make("h3", {}, columns[column]), make("dl", {}, ...list), ...(wrong ? [make("p", { className: "wrong" }, wrong)] : [])];
}

/** Shows a picture in the slider; a side that is not there is replaced by the other. */
function open(picture) {
  shown.picture = picture;
  title.textContent = picture.name;
  facts.replaceChildren(...columns.flatMap((_, column) => describe(picture, column)));
  if (!byId("viewer").open) byId("viewer").showModal();
  const given = [shown.left, shown.right].map((column) => ({ side: picture.sides[column], label: columns[column] }));
  const there = given.find(({ side }) => side);
  slider.stage.hidden = !there;
  if (!there) return;
  slider.show(...given.map(({ side, label }) => ({ ...(side ?? there.side), label: side ? label : say("missing") }))
    .map((side) => ({ ...side, source: address(side.source) })));
  slider.range.focus();
}

const KEYS = {
  l: magnify, n: () => step(1), p: () => step(-1),
  ...Object.fromEntries(ZOOMS.map(([zoom, , key]) => [key, () => enlarge(zoom)])),
};
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

byId("viewer").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
  const arrow = ARROWS[event.key];
  if (arrow && (event.shiftKey || arrow[1])) slider.move(...arrow.map((by) => 40 * by));
  else if (arrow && event.target !== slider.range) slider.divide(slider.split - arrow[0] / 100);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

document.documentElement.lang = LANGUAGE;
document.title = byId("title").textContent = `${columns.join(" · ")} ${say("compare")}`;
byId("sort-label").textContent = say("sort");
byId("sort").append(...Object.keys(ORDERS).filter((order) => order !== "score" || scored)
  .map((order) => make("option", { value: order, textContent: say(order) })));
byId("sort").addEventListener("change", (event) => sort(event.target.value));
const wrong = pictures.filter(error).length;
byId("count").textContent = `${pictures.length} ${say("pictures")}${wrong ? `, ${wrong} ${say("wrong")}` : ""}`;
enlarge(null);
sort("name");
