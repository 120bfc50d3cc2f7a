import { button, make, say } from "./strings.js";
import { follow } from "./slider.js";

const BOX = "\\d+,\\d+,\\d+,\\d+";
const PART = 256; // the side of the part that is proposed

// What is painted outlives a reload and a slip of the finger: by the key of its picture, until that is filled or removed

const NOTHING = { shapes: [], boxes: "" };
const kept = (key) => `painted ${key}`;
const painted = (key) => JSON.parse(sessionStorage.getItem(kept(key))) ?? NOTHING;

function keep(key, what) {
  try {
    sessionStorage.setItem(kept(key), JSON.stringify(what));
  } catch (error) {
    if (error.name !== "QuotaExceededError") throw error; // hours of painting: the last is lost with the page
  }
}

/** What was painted on one picture belongs to another, too. */
export const hand = (key, other) => keep(other, painted(key));

export const unpaint = (key) => sessionStorage.removeItem(kept(key));

/** A picture on which one paints what is to be filled, or draws the part that is to be tried. */
export class Editor {
  constructor(dialog) {
    this.dialog = dialog;
    this.shapes = [];
    this.picture = make("img", { alt: "" });
    this.canvas = make("canvas");
    this.paper = make("div", { className: "paper checks" }, this.picture, this.canvas);
    this.stage = make("div", { className: "canvas" }, this.paper);
    this.title = make("h2", { id: `${dialog.id}-title` });
    dialog.setAttribute("aria-labelledby", this.title.id);
    this.tools = ["brush", "box", "eraser"].map((tool) => button(say(tool), () => this.#choose(tool)));
    this.size = make("input", { type: "range", min: 2, max: 200, value: 40 });
    this.boxes = make("input", { type: "text", placeholder: "X,Y,W,H", size: 14 });
    this.undo = button(say("undo"), () => this.#undo());
    this.save = button(say("save"), () => this.#save());
    this.go = Object.assign(button(say("go"), () => this.#go()), { className: "main" });
    this.zooms = [["fit", 0], ["100 %", 1], ["200 %", 2]].map(([text, zoom]) =>
      button(say(text) ?? text, () => this.#enlarge(zoom)));
    this.boxesName = make("span", {}, say("boxes"));
    this.painting = [...this.tools, make("label", {}, say("thickness"), " ", this.size), this.undo, this.save];
    dialog.append(make("div", { className: "frame plain" }, make("div", { className: "bar" }, this.title,
      ...this.painting, this.go, make("label", {}, this.boxesName, " ", this.boxes), ...this.zooms,
      button("✕", () => dialog.close(), { className: "close", ariaLabel: say("close") })), this.stage));
    this.paper.addEventListener("pointerdown", (event) => this.#draw(event));
    this.picture.addEventListener("load", () => this.#fit());
    this.picture.addEventListener("error", () => { this.title.textContent = `${say("unshown")} ${say("unpaintable")}`; });
    dialog.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z" && event.target !== this.boxes) this.#undo();
      if (event.key === "Enter" && event.target === this.boxes) this.#go();
    });
    this.boxes.addEventListener("input", () => this.#keep());
    dialog.addEventListener("close", () => { if (!dialog.open) this.#end(null); }); // it comes late: the next may be open
    addEventListener("resize", () => this.#enlarge(this.zoom));
  }

  /** Shows a picture, { name, address, key }; `done` gets { mask, box }, or { part } where one is asked for, or null. */
  open({ name, address, key }, done, { part = false } = {}) {
    const { shapes, boxes } = part ? NOTHING : painted(key);
    Object.assign(this, { shapes: [...shapes], done, key });
    this.title.textContent = part ? say("draw part") : `${name}: ${say("paint")}`;
    this.boxesName.textContent = say(part ? "part" : "boxes");
    Object.assign(this.boxes, { value: boxes, pattern: part ? BOX : `${BOX}( +${BOX})*` });
    this.go.textContent = say(part ? "try" : "go");
    this.painting.forEach((element) => { element.hidden = part; });
    this.#choose(part ? "part" : "brush");
    this.paper.hidden = true; // until the picture is there
    this.picture.src = address;
    if (!this.dialog.open) this.dialog.showModal();
  }

  #end(drawn) {
    const { done } = this;
    this.done = null;
    done?.(drawn);
    this.dialog.close();
  }

  #choose(tool) {
    this.tool = tool;
    ["brush", "box", "eraser"].forEach((one, i) => this.tools[i].setAttribute("aria-pressed", String(one === tool)));
  }

  #fit() {
    this.paper.hidden = false;
    this.canvas.width = this.picture.naturalWidth;
    this.canvas.height = this.picture.naturalHeight;
    this.size.max = Math.max(200, Math.round(this.canvas.width / 4));
    this.size.value = Math.round(Math.max(this.canvas.width, this.canvas.height) / 25);
    if (this.tool === "part") this.#propose();
    this.#enlarge(0);
  }

  /** Names the middle of the picture as the part, for those who have no pointer. */
  #propose() {
    const sides = [this.canvas.width, this.canvas.height], part = sides.map((side) => Math.min(PART, side));
    this.boxes.value = [...sides.map((side, i) => (side - part[i]) >> 1), ...part].join();
  }

  #enlarge(zoom) {
    this.zoom = zoom;
    const { width, height } = this.canvas, { clientWidth, clientHeight } = this.stage;
    const scale = zoom ? zoom / devicePixelRatio : Math.min(clientWidth / width, clientHeight / height);
    this.paper.style.width = `${width * scale}px`;
    this.paper.style.height = `${height * scale}px`;
    this.#redraw(this.canvas, "#f03");
  }

  /** Follows the pointer: a brush along its way, boxes between where it went down and where it is. */
  #draw(down) {
    down.preventDefault();
    if (!down.isPrimary) return this.#pan(down);
    const at = (event) => {
      const box = this.paper.getBoundingClientRect();
      return [(event.clientX - box.left) * this.canvas.width / box.width,
        (event.clientY - box.top) * this.canvas.height / box.height].map((place) => Math.round(10 * place) / 10);
    };
    const shape = { tool: this.tool, size: Number(this.size.value), points: [at(down)] };
    this.shapes.push(shape);
    this.stop = follow(down, this.paper, (event) => {
      if (["box", "part"].includes(shape.tool)) shape.points.splice(1, 1, at(event));
      else shape.points.push(at(event));
      this.#redraw(this.canvas, "#f03");
    }, () => {
      this.stop = null;
      if (shape.tool === "part") this.#try(shape);
      else this.#keep();
    });
    this.#redraw(this.canvas, "#f03");
  }

  /** A second finger moves the picture; what the first has begun to draw is taken back. */
  #pan(down) {
    if (this.stop) {
      this.stop();
      this.stop = null;
      this.#undo();
    }
    let last = down;
    follow(down, this.paper, (event) => {
      this.stage.scrollBy(last.clientX - event.clientX, last.clientY - event.clientY);
      last = event;
    });
  }

  #redraw(canvas, colour) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: colour, fillStyle: colour });
    for (const { tool, size, points: [start, ...rest] } of this.shapes) {
      context.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
      if (["box", "part"].includes(tool)) {
        if (rest.length) context.fillRect(...start, rest[0][0] - start[0], rest[0][1] - start[1]);
        continue;
      }
      context.lineWidth = size;
      context.beginPath();
      context.moveTo(...start);
      context.lineTo(start[0] + 0.1, start[1]); // a line of no length is not drawn
      for (const point of rest) context.lineTo(...point);
      context.stroke();
    }
  }

  #undo() {
    this.shapes.pop();
    this.#redraw(this.canvas, "#f03");
    this.#keep();
  }

  #keep() {
    if (this.tool !== "part") keep(this.key, { shapes: this.shapes, boxes: this.boxes.value });
  }

  /** What is painted, white on black, as a PNG. */
  async #mask() {
    const { width, height } = this.canvas;
    const [painted, mask] = [0, 1].map(() => make("canvas", { width, height }));
    this.#redraw(painted, "#fff");
    const context = mask.getContext("2d");
    context.fillRect(0, 0, width, height);
    context.drawImage(painted, 0, 0);
    return new Promise((resolve) => mask.toBlob(resolve, "image/png"));
  }

  async #save() {
    const link = make("a", { href: URL.createObjectURL(await this.#mask()), download: "mask.png" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async #go() {
    const box = this.boxes.value.trim();
    if (!this.boxes.reportValidity() || (!this.shapes.length && !box)) return;
    if (this.tool === "part") return this.#end({ part: box });
    this.#end({ ...(this.shapes.length && { mask: await this.#mask() }), ...(box && { box }) });
  }

  #try({ points: [start, end = start] }) {
    const [left, right] = [start[0], end[0]].sort((a, b) => a - b).map(Math.round);
    const [top, bottom] = [start[1], end[1]].sort((a, b) => a - b).map(Math.round);
    const x = Math.max(0, left), y = Math.max(0, top);
    const width = Math.min(right, this.canvas.width) - x, height = Math.min(bottom, this.canvas.height) - y;
    this.shapes = [];
    if (Math.min(width, height) < 8) return this.#redraw(this.canvas, "#f03");
    this.#end({ part: [x, y, width, height].join() });
  }
}
