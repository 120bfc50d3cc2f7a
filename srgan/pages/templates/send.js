import { make, say } from "./strings.js";

export const byId = (id) => document.getElementById(id);
export const jobs = new Map(); // what the server is known to hold, by id, the oldest first
export const options = byId("options");
export const filling = () => options.task.value === "inpaint";

/** What the form asks for, but for fields that the task does not have. */
export function asked() {
  const fields = Object.fromEntries(new FormData(options));
  for (const field of options.querySelectorAll("[data-for] [name]")) {
    if (field.closest("label").hidden || field.value === "") delete fields[field.name];
  }
  return fields;
}

/** Where errors are told: in the dialog that is open, for it hides what is behind it. */
const told = () => document.querySelector("dialog[open] [role=alert]") ?? byId("told");

export const tell = (text) => told().append(make("div", {}, text));
export const hush = () => told().replaceChildren();

for (const place of document.querySelectorAll("dialog [role=alert]")) {
  place.parentElement.addEventListener("close", () => told().append(...place.children));
}

/** The answer where it is a good one; tells what is wrong where it is not, naming the picture. */
async function judged(answer, name = "") {
  if (answer?.ok) return answer;
  const text = answer ? (await answer.json().catch(() => ({ error: answer.statusText }))).error : say("gone");
  tell(text.includes(name) ? text : `${name}: ${text}`);
}

export const call = async (path, how = {}) => judged(await fetch(path, how).catch(() => null));

/** What the server tells, or nothing where it does not. */
export const ask = (path) => fetch(path).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);

/** Sends a picture, given as { picture }, { name } or { job }, with what is asked for. */
function post(source, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...source })) form.append(name, value);
  return fetch("/api/jobs", { method: "POST", body: form }).catch(() => null);
}

/** Sends a picture past all that wait; gives the job. */
export const send = async (source, fields) => (await judged(await post(source, fields)))?.json();

// What is still to be sent, in order: { name, source, fields, ready, sent }, the last what is done with its job

const unsent = [];
let sending = false;
let room = false;
let wake = () => {};

/** How many wait until they are let go. */
export const held = () => unsent.filter(({ ready }) => !ready).length;

/** Sends pictures when the server has room for them, or `ready` not, when they are let go. */
export function later(pictures, { ready = true } = {}) {
  unsent.push(...pictures.map((picture) => ({ ...picture, ready })));
  deliver();
}

const hold = () => unsent.forEach((picture) => { picture.ready = false; });

/** Lets go what waits, with these fields where it has none of its own. */
export function release(fields) {
  for (const picture of unsent) Object.assign(picture, { fields: picture.fields ?? fields, ready: true });
  deliver();
}

export function forget() {
  unsent.length = 0;
  count();
}

/** The server may have room. */
export function roomy() {
  room = true;
  wake();
}

/** The next picture to be sent, and the page says how many are left. */
function next() {
  count();
  return unsent.find(({ ready }) => ready);
}

function count() {
  byId("unsent").hidden = !unsent.length;
  byId("unsent-count").textContent = `${say("unsent")} ${unsent.length}`;
  byId("release").hidden = !held();
}

async function deliver() {
  count();
  if (sending) return;
  sending = true;
  for (let picture = next(); picture; picture = next()) {
    room = false;
    const answer = await post(picture.source, picture.fields);
    if (answer?.status === 503) {
      const seconds = answer.headers.get("Retry-After"), ours = answer.headers.get("Content-Type") === "application/json";
      if (ours && !seconds) { // only results that are removed make room
        hold();
        tell(say("enough"));
      } else if (!room) await new Promise((resolve) => { wake = resolve; setTimeout(resolve, 1000 * (seconds ?? 10)); });
      continue;
    }
    if (!answer) hold();
    const job = await (await judged(answer, picture.name))?.json();
    if (job && !jobs.has(job.id)) jobs.set(job.id, job);
    if (job) picture.sent?.(job);
    if (unsent.includes(picture)) unsent.splice(unsent.indexOf(picture), 1);
  }
  sending = false;
}

addEventListener("beforeunload", (event) => { // asks first, where a reload would lose something
  if (unsent.length || byId("editor").open) event.preventDefault();
});
