const STRINGS = {
  en: { compare: "compared", sort: "Sort by", name: "name", score: "score", changed: "change", errors: "errors first",
    pictures: "pictures", wrong: "with errors", divider: "Divider between before and after", fit: "Fit", loupe: "Loupe",
    close: "Close", previous: "Previous", next: "Next", left: "Left side", right: "Right side", size: "size",
    format: "format", bits: "bits", file: "file", model: "model", task: "task", seconds: "seconds",
    notes: "notes", missing: "none" },
  de: { compare: "im Vergleich", sort: "Sortieren nach", name: "Name", score: "Wertung", changed: "Änderung",
    errors: "Fehler zuerst", pictures: "Bilder", wrong: "mit Fehlern", divider: "Trennlinie zwischen vorher und nachher",
    fit: "Ganz", loupe: "Lupe", close: "Schließen", previous: "Voriges", next: "Nächstes", left: "Linke Seite",
    right: "Rechte Seite", size: "Größe", format: "Format", bits: "Bit", file: "Datei", model: "Modell",
    task: "Aufgabe", seconds: "Sekunden", notes: "Hinweise", missing: "fehlt" },
  zh: { compare: "对比", sort: "排序", name: "名称", score: "评分", changed: "变化", errors: "错误优先", pictures: "张图片",
    wrong: "张有错误", divider: "前后分界线", fit: "适合窗口", loupe: "放大镜", close: "关闭", previous: "上一张", next: "下一张",
    left: "左侧", right: "右侧", size: "尺寸", format: "格式", bits: "位", file: "文件", model: "模型", task: "任务",
    seconds: "秒", notes: "备注", missing: "无" },
};
export const LANGUAGE = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in STRINGS) ?? "en";
export const say = (key) => STRINGS[LANGUAGE][key];

/** An element with properties and children; strings become text, never HTML. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
