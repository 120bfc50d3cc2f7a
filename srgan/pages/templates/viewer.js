import { LANGUAGE, button, make, say } from "./strings.js";
import { Slider } from "./slider.js";

const ZOOMS = [["0", null, say("fit")], ["1", 1, "100 %"], ["2", 2, "200 %"], ["4", 4, "400 %"]];
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function size(bytes) {
  const [times, unit] = bytes < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  return `${(bytes / times).toLocaleString(LANGUAGE, { maximumFractionDigits: 1 })} ${unit}`;
}

const listed = (values = []) => values.filter((value) => value !== undefined).join(", ");

/** The models that made a picture, as pairs for `known`. */
export const models = (made) => [["model", listed(made?.map((one) => one.name))], ["realism", listed(made?.map((one) => one.realism))]];

/** What is known of a side of a picture, as pairs of what and value, under a heading; values may be missing. */
export function known(heading, pairs) {
  const list = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([key, value]) => [make("dt", {}, say(key) ?? key), make("dd", {}, String(value))]);
  return [make("h3", {}, heading), make("dl", {}, ...list)];
}

/** A dialog with a slider, and the buttons and keys that steer it; `facts` stand beside it, `extra` in its bar. */
export class Viewer {
  constructor(dialog, { extra = [], facts = null, step = null }) {
    this.dialog = dialog;
    this.slider = new Slider();
    this.title = make("h2", { id: `${dialog.id}-title` });
    dialog.setAttribute("aria-labelledby", this.title.id);
    this.zooms = ZOOMS.map(([, zoom, text]) => button(text, () => this.#enlarge(zoom)));
    this.loupe = button(say("loupe"), () => this.#magnify());
    const steps = step ? [button("←", () => step(-1), { ariaLabel: say("previous") }), button("→", () => step(1), { ariaLabel: say("next") })] : [];
    dialog.append(make("div", { className: facts ? "frame" : "frame plain" },
      make("div", { className: "bar" }, this.title, ...extra, ...this.zooms, this.loupe, ...steps,
        button("✕", () => dialog.close(), { className: "close", ariaLabel: say("close") })),
      this.slider.stage, facts ?? "", this.slider.range));
    this.keys = { l: () => this.#magnify(), n: () => step?.(1), p: () => step?.(-1),
      ...Object.fromEntries(ZOOMS.map(([key, zoom]) => [key, () => this.#enlarge(zoom)])) };
    dialog.addEventListener("keydown", (event) => this.#press(event));
    this.#enlarge(null);
  }

  /** Opens with two sides, as the slider takes them; without them, only what stands beside. */
  show(name, sides) {
    const busy = this.dialog.open && document.activeElement.matches("select, input");
    this.title.textContent = name;
    if (!this.dialog.open) {
      this.#enlarge(null);
      this.dialog.showModal();
    }
    this.slider.stage.hidden = !sides;
    if (sides) this.slider.show(...sides);
    if (!busy) this.slider.range.focus();
  }

  #enlarge(zoom) {
    this.slider.enlarge(zoom);
    this.zooms.forEach((one, i) => one.setAttribute("aria-pressed", String(ZOOMS[i][1] === zoom)));
  }

  #magnify() {
    this.slider.magnifying = !this.slider.magnifying;
    this.slider.loupe.hidden = true; // until the pointer moves
    this.loupe.setAttribute("aria-pressed", String(this.slider.magnifying));
  }

  #press(event) {
    const { slider } = this;
    const elsewhere = event.target !== slider.range && event.target.matches("select, input");
    if (elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && (event.shiftKey || arrow[1])) slider.move(...arrow.map((by) => 40 * by));
    else if (arrow && event.target !== slider.range) slider.divide(slider.split - arrow[0] / 100);
    else if (this.keys[event.key]) this.keys[event.key]();
    else return;
    event.preventDefault();
  }
}
