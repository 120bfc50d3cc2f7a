import { make, say } from "./strings.js";

const LOUPE = { width: 240, height: 160, times: 4 };

/** Follows a pointer that went down on an element until it is let go; gives what ends that before. */
export function follow(down, element, move, end = () => {}) {
  const over = new AbortController(), { signal } = over;
  const listen = (kind, act) => element.addEventListener(kind, (event) => { if (event.pointerId === down.pointerId) act(event); }, { signal });
  element.setPointerCapture(down.pointerId);
  listen("pointermove", move);
  for (const kind of ["pointerup", "pointercancel"]) listen(kind, () => { over.abort(); end(); });
  return () => over.abort();
}

/** Two pictures on each other, with a divider between them; both zoom and move together, in pixels of the larger. */
export class Slider {
  constructor() {
    this.zoom = null; // null: as large as fits
    this.split = 0.5;
    this.pan = { x: 0, y: 0 };
    this.images = [make("img", { alt: "" }), make("img", { alt: "" })];
    this.handle = make("div", { className: "handle" });
    this.tags = [make("span", { className: "tag left" }), make("span", { className: "tag right" })];
    this.loupe = make("canvas", { className: "loupe", hidden: true, width: LOUPE.width, height: LOUPE.height });
    this.checks = make("div", { className: "checks" });
    this.checks.style.position = "absolute";
    this.stage = make("div", { className: "stage" }, this.checks, ...this.images, this.handle, ...this.tags, this.loupe);
    this.range = make("input", { type: "range", className: "divider", min: 0, max: 100, step: 1, value: 50 });
    this.range.setAttribute("aria-label", say("divider"));
    this.range.addEventListener("input", () => this.divide(this.range.value / 100));
    this.stage.addEventListener("pointerdown", (event) => this.#grab(event));
    this.stage.addEventListener("pointermove", (event) => this.#magnify(event));
    this.stage.addEventListener("pointerleave", () => { this.loupe.hidden = true; });
    for (const image of this.images) image.addEventListener("load", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  /** Shows two sides, each { source, width, height, label }. */
  show(left, right) {
    this.width = Math.max(left.width, right.width);
    this.height = Math.max(left.height, right.height);
    [left, right].forEach((side, i) => {
      this.images[i].src = side.source;
      this.images[i].alt = side.label;
      this.tags[i].textContent = side.label;
    });
    this.draw();
  }

  divide(split) {
    this.split = Math.min(1, Math.max(0, split));
    this.range.value = Math.round(100 * this.split);
    this.draw();
  }

  enlarge(zoom) {
    this.zoom = zoom;
    this.pan = { x: 0, y: 0 };
    this.draw();
  }

  move(x, y) {
    this.pan = { x: this.pan.x + x, y: this.pan.y + y };
    this.draw();
  }

  /** Where the picture lies in the stage [CSS px]; a zoom of 1 is one pixel of the screen for one of the picture. */
  #place() {
    const { clientWidth, clientHeight } = this.stage;
    const fit = Math.min(clientWidth / this.width, clientHeight / this.height);
    const scale = this.zoom === null ? fit : this.zoom / devicePixelRatio;
    const width = this.width * scale, height = this.height * scale;
    const most = { x: Math.max(0, (width - clientWidth) / 2), y: Math.max(0, (height - clientHeight) / 2) };
    this.pan.x = Math.min(most.x, Math.max(-most.x, this.pan.x));
    this.pan.y = Math.min(most.y, Math.max(-most.y, this.pan.y));
    const left = (clientWidth - width) / 2 + this.pan.x, top = (clientHeight - height) / 2 + this.pan.y;
    return { left: Math.round(left), top: Math.round(top), width, height };
  }

  draw() {
    if (!this.width || !this.stage.clientWidth) return;
    const place = this.#place();
    for (const element of [this.checks, ...this.images]) {
      for (const [key, value] of Object.entries(place)) element.style[key] = `${value}px`;
    }
    const line = this.split * this.stage.clientWidth;
    const within = Math.min(place.width, Math.max(0, line - place.left));
    this.images[0].style.clipPath = `inset(0 ${place.width - within}px 0 0)`;
    this.images[1].style.clipPath = `inset(0 0 0 ${within}px)`;
    this.handle.style.left = `${line}px`;
    this.stage.classList.toggle("pixels", this.zoom !== null);
  }

  /** Drags the divider where it is, or where nothing can move; else the pictures. */
  #grab(event) {
    event.preventDefault();
    const box = this.stage.getBoundingClientRect();
    const dividing = event.target === this.handle || this.zoom === null;
    let last = event;
    const drag = (next) => {
      if (dividing) this.divide((next.clientX - box.left) / box.width);
      else this.move(next.clientX - last.clientX, next.clientY - last.clientY);
      last = next;
    };
    follow(event, this.stage, drag);
    drag(event);
  }

  /** The place under the pointer, of both sides beside each other. */
  #magnify(event) {
    this.loupe.hidden = !this.magnifying;
    if (!this.magnifying) return;
    const box = this.stage.getBoundingClientRect(), place = this.#place();
    const x = (event.clientX - box.left - place.left) / place.width;
    const y = (event.clientY - box.top - place.top) / place.height;
    const half = LOUPE.width / 2, context = this.loupe.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, LOUPE.width, LOUPE.height);
    this.images.forEach((image, i) => {
      if (!image.naturalWidth) return;
      const scaleX = image.naturalWidth / this.width, scaleY = image.naturalHeight / this.height;
      const width = half / LOUPE.times, height = LOUPE.height / LOUPE.times;
      context.drawImage(image, (x * this.width - width / 2) * scaleX, (y * this.height - height / 2) * scaleY,
        width * scaleX, height * scaleY, i * half, 0, half, LOUPE.height);
    });
    const above = event.clientY - box.top - LOUPE.height - 20;
    const left = Math.min(box.width - LOUPE.width, Math.max(0, event.clientX - box.left - half));
    this.loupe.style.left = `${left}px`;
    this.loupe.style.top = `${above < 0 ? event.clientY - box.top + 20 : above}px`;
  }
}
