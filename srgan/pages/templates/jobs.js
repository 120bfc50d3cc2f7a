import { button, make, say } from "./strings.js";
import { ask, asked, byId, call, filling, held, hush, jobs, later, release, roomy, send, tell } from "./send.js";
import { Viewer, size, known, models } from "./viewer.js";
import { Editor, hand, unpaint } from "./brush.js";

const isOver = (job) => ["done", "failed", "cancelled"].includes(job.state);
const address = (job, what) => `/api/jobs/${job.id}/${what}`;

/** A small picture that is asked for only when it comes into sight: `loading` must be set before `src`. */
export const thumbnail = (src) => make("img", { className: "checks", alt: "", loading: "lazy", src,
  onerror() { this.style.visibility = "hidden"; } });

// Taking pictures on

const editor = new Editor(byId("editor"));

/**
 * Takes on pictures, each { name, address, source, key }: at once; or where something is to be filled, when it has been
 * painted, one after the other; or where a part is to be tried first, all when one has been tried.
 */
export function take([first, ...rest]) {
  if (!first) return;
  if (filling()) return paint(first, () => setTimeout(take, 0, rest));
  const fields = asked();
  if (!byId("first").checked) return later([first, ...rest].map((picture) => ({ ...picture, fields })));
  editor.open(first, async (drawn) => {
    const tried = drawn && await preview(first.source, { ...fields, ...drawn });
    later(tried ? rest : [first, ...rest], { ready: false });
  }, { part: true });
}

function paint(picture, next = () => {}) {
  editor.open(picture, (drawn) => {
    if (drawn) later([{ ...picture, fields: { ...asked(), ...drawn }, sent: (job) => painted(picture, job) }]);
    next();
  });
}

/** What was painted stays with the job that fills it, to be gone on with. */
function painted({ key }, job) {
  hand(key, job.id);
  if (!jobs.has(key)) unpaint(key);
}

/** The picture of a job once more: painted on where something is to be filled, else a part of it to try. */
function again(job) {
  const picture = { name: job.name, address: address(job, "input"), source: { job: job.id }, key: job.id };
  if (filling()) paint(picture);
  else editor.open(picture, (drawn) => { if (drawn) preview(picture.source, { ...asked(), ...drawn }); }, { part: true });
}

/** Has a part done, and opens it when it is. */
async function preview(source, fields) {
  const sent = await send(source, fields);
  if (!sent) return false;
  viewer.waiting = sent.id;
  if (jobs.has(sent.id)) open(jobs.get(sent.id));
  return true;
}

function open(job) {
  if (viewer.waiting !== job.id || !isOver(job)) return;
  viewer.waiting = null;
  for (const id of replaced) remove({ id });
  replaced.clear();
  if (job.state === "done") look(job);
  else if (job.error) tell(job.error);
}

// The list

const FACTS = { upscale: ["scale", "source", "realism"], denoise: ["strength", "realism"], inpaint: ["box", "texture"], restore: ["scale", "realism", "strength"] };

function describe(job) {
  const { task, part } = job.asked;
  const fields = FACTS[task].filter((key) => !["", "auto"].includes(job.asked[key])).map((key) => `${say(key)} ${job.asked[key]}`);
  return [say(task), ...fields, ...(job.asked.ensemble ? [say("ensemble")] : []), ...(part ? [`${say("part")} ${part}`] : [])].join(" · ");
}

function show(job) {
  const old = byId(job.id);
  const over = isOver(job), done = job.state === "done";
  const facts = job.error || [say(job.state), job.seconds ? `${job.seconds.toFixed(1)} s` : "", ...job.notes].filter((text) => text).join(" · ");
  const bar = job.state === "working" ? make("progress", { max: 1, value: job.share, ariaLabel: say("done share") }) : "";
  const label = (text) => ({ ariaLabel: `${text}: ${job.name}` });
  const acts = [
    ...(done ? [button(say("look"), () => look(job), label(say("look"))),
      make("a", { href: address(job, "result"), download: "", textContent: say("download"), ...label(say("download")) })] : []),
    ...(job.asked.task !== "inpaint" && job.error.includes("lenient=true")
      ? [button(say("lenient"), () => later([{ name: job.name, source: { job: job.id }, fields: { ...job.asked, lenient: true } }]), label(say("lenient")))] : []),
    ...(over && !job.asked.part ? [button(say("edit"), () => again(job), label(say("edit")))] : []),
    over ? button("✕", () => remove(job), { className: "remove", ...label(say("remove")) })
      : button(say("cancel"), () => remove(job), label(say("cancel"))),
  ];
  const small = `${address(job, done ? "result" : "input")}?small`, shown = old?.querySelector("img");
  const image = shown?.getAttribute("src") === small ? shown : thumbnail(small);
  const item = make("li", { id: job.id, className: job.state }, image,
    make("div", {}, make("p", { className: "name" }, job.name), make("p", {}, make("small", {}, describe(job))),
      make("p", { className: job.error ? "wrong" : "facts-line" }, facts), bar), make("div", { className: "acts" }, ...acts));
  if (old) {
    const focused = old.contains(document.activeElement) && document.activeElement.ariaLabel;
    old.replaceWith(item);
    if (focused) ([...item.querySelectorAll("button, a")].find((one) => one.ariaLabel === focused) ?? item.querySelector("button")).focus();
  } else byId("jobs").prepend(item);
}

/** Lists a job, or what has become of it. */
export function list(job) {
  const before = jobs.get(job.id);
  if (before?.version >= job.version && byId(job.id)) return; // told already
  jobs.set(job.id, job);
  show(job);
  offer();
  if (before && before.state !== job.state && isOver(job)) byId("news").textContent = `${job.name}: ${say(job.state)}`;
  if (job.state !== "queued" && job.state !== before?.state) roomy();
  open(job);
}

export function unlist(id) {
  jobs.delete(id);
  unpaint(id);
  const item = byId(id), focused = item?.contains(document.activeElement);
  const next = item?.nextElementSibling ?? item?.previousElementSibling;
  item?.remove();
  if (focused) (next?.querySelector("button") ?? byId("files")).focus();
  offer();
}

function offer() {
  byId("all").hidden = ![...jobs.values()].some((job) => job.state === "done" && !job.asked.part);
  byId("clear").hidden = ![...jobs.values()].some(isOver);
}

const remove = (job) => call(`/api/jobs/${job.id}`, { method: "DELETE" });
byId("clear").addEventListener("click", async () => {
  if (!confirm(say("sure"))) return;
  byId("files").focus({ preventScroll: true });
  for (const job of [...jobs.values()].filter(isOver)) await remove(job);
});

/** Lists what the server holds, and nothing else. */
export async function refresh() {
  const ids = [...jobs.keys()];
  const there = await ask("/api/jobs");
  if (!there) return;
  there.forEach(list);
  ids.filter((id) => !there.some((job) => job.id === id)).forEach(unlist);
}

// Before and after

const strength = make("input", { type: "range", min: 0, max: 100, step: 1 });
const level = make("output");
const auto = button(say("auto"), () => { strength.focus(); turn("auto"); retry(); });
const live = make("span", { className: "live" }, make("label", {}, say("strength"), " ", strength, " ", level), auto);
const whole = button(say("whole"), () => {
  const fields = { ...viewer.job.asked, ...dialled(), part: "" };
  later([{ name: viewer.job.name, source: { job: viewer.job.id }, fields }]);
  release(fields);
  viewer.dialog.close();
});
const facts = make("section", { className: "facts", tabIndex: 0, ariaLabel: say("notes") });
const viewer = new Viewer(byId("viewer"), { extra: [live, whole], facts, step });

const replaced = new Set(); // the previews that go when the one that is waited for is there

/** The part once more, with the strength of the dial. */
async function retry() {
  hush();
  for (const id of [viewer.job.id, viewer.waiting]) if (id) replaced.add(id);
  const fields = dialled();
  level.textContent += " …";
  if (!await preview({ job: viewer.job.id }, { ...viewer.job.asked, ...fields })) turn(fields.strength);
}

const dialled = () => (live.hidden ? {} : { strength: auto.hidden ? "auto" : strength.value });

function turn(value) {
  auto.hidden = value === "auto";
  level.textContent = auto.hidden ? say("auto") : value;
}

let turned = 0; // arrow keys turn the dial many times in a row
strength.addEventListener("input", () => turn(strength.value));
strength.addEventListener("change", () => { clearTimeout(turned); turned = setTimeout(retry, 200); });

function dial({ asked: { part, task, strength: value }, notes }) {
  live.hidden = !part || !["denoise", "restore"].includes(task);
  strength.value = value === "auto" ? notes.join().match(/as of strength (\d+)/)?.[1] ?? 50 : value;
  turn(value);
  whole.hidden = !part;
  whole.textContent = held() ? `${say("whole")} + ${held()}` : say("whole");
}

function step(by) {
  const done = [...jobs.values()].filter((job) => job.state === "done");
  const next = done[done.findIndex((job) => job.id === viewer.job.id) + by];
  if (next) look(next);
}

async function look(job) {
  const sides = [[address(job, "input"), say("before")], [`${address(job, "result")}?shown`, say("after")]];
  const images = sides.map(([src]) => make("img", { src }));
  try {
    await Promise.all(images.map((image) => image.decode()));
  } catch { return tell(say("unshown")); }
  viewer.job = job;
  dial(job);
  const [before, after] = images.map(({ naturalWidth, naturalHeight }) => `${naturalWidth} × ${naturalHeight}`);
  facts.replaceChildren(
    ...known(say("before"), [["size", before], ["format", `${job.given.format}, ${job.given.depth} ${say("bits")}`]]),
    ...known(say("after"), [["size", after], ["file", `${job.result.name}, ${size(job.result.bytes)}`], ["task", describe(job)],
      ...models(job.models), ["seconds", job.seconds.toFixed(1)], ["notes", job.notes.join("; ")]]));
  viewer.show(job.name, sides.map(([source, label], i) =>
    ({ source, label, width: images[i].naturalWidth, height: images[i].naturalHeight })));
}

viewer.dialog.addEventListener("close", () => {
  clearTimeout(turned);
  viewer.waiting = null;
  replaced.clear();
});
