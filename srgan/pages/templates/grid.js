import { LANGUAGE, make } from "./strings.js";

const last = (list) => list[list.length - 1];
export const error = (picture) => picture.errors.find((text) => text) ?? "";
const compare = new Intl.Collator(LANGUAGE, { numeric: true });
const number = (value) => value ?? -Infinity;

export const ORDERS = {
  name: (a, b) => compare.compare(a.name, b.name),
  changed: (a, b) => number(b.changed) - number(a.changed) || 0,
  score: (a, b) => (last(a.scores).psnr ?? Infinity) - (last(b.scores).psnr ?? Infinity) || 0,
  errors: (a, b) => Number(!error(a)) - Number(!error(b)),
};

/** A picture as a button with its sides; `open` is called with it. */
export function card(picture, open) {
  const sides = picture.sides.map((side) => make("span", { className: side?.alpha ? "side checks" : "side" },
    side ? make("img", { src: side.thumbnail, alt: "", loading: "lazy", decoding: "async" }) : "—"));
  const wrong = error(picture);
  const facts = [picture.changed === null ? "" : `Δ ${picture.changed.toFixed(1)}`,
    last(picture.scores).psnr ? `${last(picture.scores).psnr.toFixed(2)} dB` : ""].filter((text) => text);
  const text = make("span", { className: "text" }, make("span", { className: "name", title: picture.name }, picture.name),
    make("small", { className: wrong ? "wrong" : "" }, wrong || facts.join(" · ")));
  return make("button", { className: "card", type: "button", onclick: () => open(picture) },
    make("span", { className: "sides" }, ...sides), text);
}
