import { make, say } from "./strings.js";

const score = ([data, mean]) => {
  const [name, reference] = Object.entries(mean).find(([, value]) => typeof value === "object") ?? [];
  const each = [["psnr", "dB", 2], ["lpips", "LPIPS", 3]].map(([key, unit, digits]) =>
    `${mean[key].toFixed(digits)} ${unit}${name ? ` (${name} ${reference[key].toFixed(digits)})` : ""}`);
  return make("li", {}, `${data}: ${each.join(", ")}`);
};

/** What a model that ships says of itself. */
export const card = ({ name, task, licence, scores = {} }) => make("article", {}, make("h3", {}, name),
  make("p", {}, [say(task.name), task.name === "upscale" && `${task.scale} ×`, task.source && say(task.source), name.endsWith("-vivid") && say("vivid")]
    .filter((text) => text).join(" · ")),
  make("ul", {}, ...Object.entries(scores).filter(([, mean]) => "psnr" in mean).map(score)), make("p", {}, make("small", {}, licence)));
