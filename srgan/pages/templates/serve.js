import { LANGUAGE, button, make, say } from "./strings.js";
import { Viewer } from "./viewer.js";
import { Editor } from "./brush.js";

const byId = (id) => document.getElementById(id);
const jobs = new Map();
const options = byId("options");
const editor = new Editor(byId("editor"));
const filling = () => options.task.value === "inpaint";

/** What the form asks for, but for fields that the task does not have. */
function asked() {
  const fields = Object.fromEntries(new FormData(options));
  for (const label of options.querySelectorAll("[data-for]")) {
    const field = label.querySelector("[name]");
    if (label.hidden || field.value === "") delete fields[field.name];
  }
  return fields;
}

function tell(text) {
  byId("told").textContent = text;
}

async function call(path, how = {}) {
  const answer = await fetch(path, how).catch(() => null);
  if (!answer) return tell(say("gone"));
  if (answer.ok) return answer;
  tell((await answer.json()).error);
}

/** Sends a picture, given as { picture }, { name } or { job }, with what is asked for; gives the job. */
async function send(source, fields = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...asked(), ...fields, ...source })) form.append(name, value);
  const answer = await call("/api/jobs", { method: "POST", body: form });
  return answer?.json();
}

/** Takes pictures on: at once, or where something is to be filled, when it has been painted, one after the other. */
function take(sources) {
  tell("");
  if (!filling()) return sources.forEach(({ source }) => send(source));
  const [first, ...rest] = sources;
  if (!first) return;
  editor.open(first.name, first.address, async (drawn) => {
    if (drawn) await send(first.source, drawn);
    setTimeout(take, 0, rest);
  });
}

const takeFiles = (files) => take([...files].map((file) =>
  ({ name: file.name, address: URL.createObjectURL(file), source: { picture: file } })));

/** A small picture that is asked for only when it comes into sight: `loading` must be set before `src`. */
const thumbnail = (src) => make("img", { className: "checks", alt: "", loading: "lazy", src });

// The list of jobs

const FACTS = { upscale: ["scale", "source", "realism"], denoise: ["strength", "realism"], inpaint: ["box"], restore: ["scale", "realism", "strength"] };

function describe(job) {
  const { task, part } = job.asked;
  const fields = FACTS[task].filter((key) => job.asked[key] && job.asked[key] !== "auto").map((key) => `${say(key)} ${job.asked[key]}`);
  return [say(task), ...fields, ...(part ? [`${say("part")} ${part}`] : [])].join(" · ");
}

const isOver = (job) => ["done", "failed", "cancelled"].includes(job.state);

function show(job) {
  const old = byId(job.id);
  const over = isOver(job), done = job.state === "done";
  const facts = job.error || [say(job.state), job.seconds ? `${job.seconds.toFixed(1)} s` : "", ...job.notes].filter((text) => text).join(" · ");
  const bar = job.state === "working" ? make("progress", { max: 1, value: job.share, ariaLabel: say("done share") }) : "";
  const label = (text) => ({ ariaLabel: `${text}: ${job.name}` });
  const acts = [
    ...(done ? [button(say("look"), () => look(job), label(say("look"))),
      make("a", { href: `/api/jobs/${job.id}/result`, download: "", textContent: say("download"), ...label(say("download")) })] : []),
    ...(over && !job.asked.part ? [button(say("edit"), () => again(job), label(say("edit")))] : []),
    button(over ? "✕" : say("cancel"), () => call(`/api/jobs/${job.id}`, { method: "DELETE" }), label(say(over ? "remove" : "cancel"))),
  ];
  const address = `/api/jobs/${job.id}/${done ? "result" : "input"}?small`, shown = old?.querySelector("img");
  const image = shown?.getAttribute("src") === address ? shown : thumbnail(address);
  const item = make("li", { id: job.id, className: job.state }, image,
    make("div", {}, make("p", { className: "name" }, job.name), make("p", {}, make("small", {}, describe(job))),
      make("p", { className: job.error ? "wrong" : "facts-line" }, facts), bar), make("div", { className: "acts" }, ...acts));
  if (old) {
    const focused = old.contains(document.activeElement) && document.activeElement.ariaLabel;
    old.replaceWith(item);
    if (focused) ([...item.querySelectorAll("button, a")].find((one) => one.ariaLabel === focused) ?? item.querySelector("button")).focus();
  } else byId("jobs").prepend(item);
}

function list(job) {
  jobs.set(job.id, job);
  show(job);
  byId("all").hidden = ![...jobs.values()].some((one) => one.state === "done");
  if (viewer.waiting === job.id && isOver(job)) {
    viewer.waiting = null;
    if (job.state === "done") look(job);
  }
}

/** The picture of a job once more: painted on where something is to be filled, else a part of it to try. */
function again(job) {
  const address = `/api/jobs/${job.id}/input`;
  editor.open(job.name, address, async (drawn) => {
    const sent = drawn && await send({ job: job.id }, drawn);
    if (sent && drawn.part) viewer.waiting = sent.id;
  }, { part: !filling() });
}

// Before and after

const strength = make("input", { type: "range", min: 0, max: 100, step: 5 });
const live = make("label", {}, say("strength"), " ", strength);
const whole = button(say("whole"), () => { send({ job: viewer.job.id }, { ...changed(), part: "" }); viewer.dialog.close(); });
const viewer = new Viewer(byId("viewer"), { extra: [live, whole] });

const changed = () => ({ ...viewer.job.asked, strength: live.hidden ? viewer.job.asked.strength : strength.value });

strength.addEventListener("change", async () => {
  const before = viewer.job.id;
  const sent = await send({ job: before }, changed());
  if (!sent) return;
  viewer.waiting = sent.id;
  call(`/api/jobs/${before}`, { method: "DELETE" });
});

async function look(job) {
  const sides = [[`/api/jobs/${job.id}/input`, say("before")], [`/api/jobs/${job.id}/result?shown`, say("after")]];
  const images = sides.map(([src]) => make("img", { src }));
  try {
    await Promise.all(images.map((image) => image.decode()));
  } catch { return tell(say("unshown")); }
  viewer.job = job;
  const { part, task } = job.asked;
  live.hidden = !part || !["denoise", "restore"].includes(task);
  whole.hidden = !part;
  if (job.asked.strength !== "auto") strength.value = job.asked.strength;
  viewer.show(job.name, sides.map(([source, label], i) =>
    ({ source, label, width: images[i].naturalWidth, height: images[i].naturalHeight })));
}

viewer.dialog.addEventListener("close", () => { viewer.waiting = null; });

// The models that ship

const score = ([data, mean]) => {
  const [name, reference] = Object.entries(mean).find(([, value]) => typeof value === "object") ?? [];
  const each = [["psnr", "dB", 2], ["lpips", "LPIPS", 3]].map(([key, unit, digits]) =>
    `${mean[key].toFixed(digits)} ${unit}${name ? ` (${name} ${reference[key].toFixed(digits)})` : ""}`);
  return make("li", {}, `${data}: ${each.join(", ")}`);
};

const modelCard = ({ name, task, licence, scores = {} }) => make("article", {}, make("h3", {}, name),
  make("p", {}, [say(task.name), task.scale && `${task.scale} ×`, task.source && say(task.source), name.endsWith("-vivid") && say("vivid")]
    .filter((text) => text).join(" · ")),
  make("ul", {}, ...Object.entries(scores).filter(([, mean]) => "psnr" in mean).map(score)), make("p", {}, make("small", {}, licence)));

byId("models").addEventListener("toggle", async () => {
  const cards = await (await call("/api/models"))?.json() ?? [];
  byId("models").append(...cards.map(modelCard));
}, { once: true });

// The folder that the server was started with

async function openFolder(name) {
  const names = await (await call("/api/folder")).json();
  byId("folder").hidden = false;
  byId("folder-name").textContent = `${name} (${names.length})`;
  const address = (one) => `/api/folder?name=${encodeURIComponent(one)}`;
  byId("shelf").append(...names.map((one) => make("label", {}, thumbnail(`${address(one)}&small`),
    make("span", {}, make("input", { type: "checkbox", value: one }), ` ${one}`))));
  byId("ticked").onclick = () => take([...byId("shelf").querySelectorAll(":checked")]
    .map((box) => ({ name: box.value, address: address(box.value), source: { name: box.value } })));
}

// Beginning

for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
document.documentElement.lang = LANGUAGE;

function suit() {
  for (const label of options.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(options.task.value);
  byId("hint").textContent = say(filling() ? "drop to paint" : "drop");
}
options.addEventListener("change", suit);
options.addEventListener("submit", (event) => event.preventDefault());
suit();

byId("files").addEventListener("change", (event) => { takeFiles(event.target.files); event.target.value = ""; });
addEventListener("dragover", (event) => { event.preventDefault(); byId("drop").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) byId("drop").classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  takeFiles(event.dataTransfer.files);
});
addEventListener("paste", (event) => takeFiles(event.clipboardData.files));

byId("status").textContent = say("loading");
const events = new EventSource("/api/events");
events.addEventListener("open", () => { jobs.clear(); byId("jobs").replaceChildren(); }); // all are told anew
events.addEventListener("job", (event) => list(JSON.parse(event.data)));
events.addEventListener("gone", (event) => { const { id } = JSON.parse(event.data); jobs.delete(id); byId(id)?.remove(); });
events.addEventListener("ready", () => { byId("status").textContent = say("ready"); });
events.addEventListener("error", () => { byId("status").textContent = say("gone"); });
call("/api").then((answer) => answer?.json()).then((api) => api?.folder && openFolder(api.folder));
