import { LANGUAGE, make, say } from "./strings.js";
import { asked, byId, call, filling, forget, hush, limits, options, release } from "./send.js";
import { list, prune, take, thumbnail, unlist } from "./jobs.js";
import { card } from "./cards.js";

for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
document.documentElement.lang = LANGUAGE;

// The form, which outlives a reload

const KEPT = "options";
const fields = [...options.elements].map((field) => [field, field.name || field.id, field.type === "checkbox" ? "checked" : "value"]);
const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
for (const [field, key, value] of fields) if (key in kept) field[value] = kept[key];

function suit() {
  for (const label of options.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(options.task.value);
  byId("hint").textContent = say(filling() ? "drop to paint" : "drop");
}
options.addEventListener("change", () => {
  sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(fields.map(([field, key, value]) => [key, field[value]]))));
  suit();
});
options.addEventListener("submit", (event) => event.preventDefault());
suit();

// Pictures

function takeFiles(files) {
  hush();
  take([...files].map((file) => ({ name: file.name, address: URL.createObjectURL(file), source: { picture: file } })));
}

byId("files").addEventListener("change", (event) => { takeFiles(event.target.files); event.target.value = ""; });
addEventListener("dragover", (event) => { event.preventDefault(); byId("drop").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) byId("drop").classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  takeFiles(event.dataTransfer.files);
});
addEventListener("paste", (event) => takeFiles(event.clipboardData.files));
byId("release").addEventListener("click", () => release(asked()));
byId("forget").addEventListener("click", forget);

// The folder that the server was started with

async function openFolder(name) {
  const names = await (await call("/api/folder")).json();
  const shelf = byId("shelf"), address = (one) => `/api/folder?name=${encodeURIComponent(one)}`;
  const boxes = names.map((one) => make("input", { type: "checkbox", value: one }));
  byId("folder").hidden = false;
  byId("folder-name").textContent = `${name} (${names.length})`;
  shelf.append(...boxes.map((box) => make("label", {}, thumbnail(`${address(box.value)}&small`), make("span", {}, box, ` ${box.value}`))));
  byId("tick-all").onchange = (event) => boxes.forEach((box) => { box.checked = event.target.checked; });
  byId("ticked").onclick = () => {
    hush();
    take(boxes.filter((box) => box.checked).map(({ value }) => ({ name: value, address: address(value), source: { name: value } })));
  };
}

byId("models").addEventListener("toggle", async () => {
  const cards = await (await call("/api/models"))?.json() ?? [];
  byId("models").append(...cards.map(card));
}, { once: true });

// What the server tells; while the page is hidden nothing, for a browser keeps no more than six streams of one server

let events = null;

function listen() {
  events?.close();
  if (document.hidden) return;
  events = new EventSource("/api/events");
  events.addEventListener("open", prune); // all others are told anew
  events.addEventListener("job", (event) => list(JSON.parse(event.data)));
  events.addEventListener("gone", (event) => unlist(JSON.parse(event.data).id));
  events.addEventListener("ready", () => { byId("status").textContent = say("ready"); });
  events.addEventListener("error", () => { byId("status").textContent = say("gone"); });
}

byId("status").textContent = say("loading");
document.addEventListener("visibilitychange", listen);
listen();
call("/api").then((answer) => answer?.json()).then((api) => {
  Object.assign(limits, api?.limits);
  if (api?.folder) openFolder(api.folder);
});
