import { LANGUAGE, make, say } from "./strings.js";
import { ask, asked, byId, call, filling, forget, hush, options, release } from "./send.js";
import { list, refresh, take, thumbnail, unlist } from "./jobs.js";
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
  take([...files].map((file) => ({ name: file.name, address: URL.createObjectURL(file), source: { picture: file },
    key: [file.name, file.size, file.lastModified].join() })));
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
  const names = await (await call("/api/folder"))?.json();
  if (!names) return;
  const shelf = byId("shelf"), address = (one) => `/api/folder?name=${encodeURIComponent(one)}`;
  const boxes = names.map((one) => make("input", { type: "checkbox", value: one }));
  byId("folder").hidden = false;
  byId("folder-name").textContent = `${name} (${names.length})`;
  shelf.append(...boxes.map((box) => make("label", {}, thumbnail(`${address(box.value)}&small`), make("span", {}, box, ` ${box.value}`))));
  byId("tick-all").onchange = (event) => boxes.forEach((box) => { box.checked = event.target.checked; });
  byId("ticked").onclick = () => {
    hush();
    take(boxes.filter((box) => box.checked).map(({ value }) => ({ name: value, address: address(value), source: { name: value }, key: value })));
  };
}

document.querySelector("a[href='#models']").addEventListener("click", () => { byId("models").open = true; });
byId("models").addEventListener("toggle", async () => {
  const cards = await (await call("/api/models"))?.json() ?? [];
  byId("models").append(...cards.map(card));
}, { once: true });

// What the server tells: windows of one browser share a stream, for it keeps no more than six connections to one server

const status = (key) => { byId("status").textContent = say(key); };
const acts = { open: refresh, job: list, gone: ({ id }) => unlist(id), ready: () => status("ready"), error: () => status("gone") };
const channel = new BroadcastChannel("events");
channel.onmessage = ({ data: [kind, told] }) => acts[kind](told);

/** Tells this window and all others, until it is hidden: some browsers then let it sleep. */
const stream = () => new Promise((end) => {
  if (document.hidden) return end();
  const events = new EventSource("/api/events");
  for (const [kind, act] of Object.entries(acts)) {
    events.addEventListener(kind, ({ data }) => {
      const told = data && JSON.parse(data);
      act(told);
      channel.postMessage([kind, told]);
    });
  }
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) { end(); setTimeout(listen, 3000); } // not all browsers try again
  });
  document.addEventListener("visibilitychange", () => { events.close(); end(); }, { once: true });
});

async function listen() {
  if (document.hidden) return;
  if (navigator.locks) navigator.locks.request("events", stream); // of windows that ask, one has it
  else stream(); // not encrypted, from another machine: each its own
  refresh();
  const api = await ask("/api");
  if (api?.ready) status("ready");
  if (api?.folder && byId("folder").hidden) openFolder(api.folder);
}

status("loading");
document.addEventListener("visibilitychange", listen);
listen();
