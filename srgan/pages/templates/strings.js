const STRINGS = {
  en: { compare: "compared", sort: "Sort by", name: "name", score: "score", changed: "change", errors: "errors first",
    pictures: "pictures", wrong: "with errors", divider: "Divider between before and after", fit: "Fit", loupe: "Loupe",
    close: "Close", previous: "Previous", next: "Next", left: "Left side", right: "Right side", size: "size",
    format: "format", bits: "bits", file: "file", model: "model", task: "task", seconds: "seconds",
    notes: "notes", missing: "none",
    models: "Models", upscale: "Enlarge", denoise: "Take noise away", inpaint: "Remove what I paint over",
    restore: "What it needs", scale: "Scale", source: "Picture is", realism: "realism", strength: "Strength",
    auto: "auto", clean: "clean", photo: "a photograph", faithful: "0 faithful", vivid: "1 vivid", keep: "as it was",
    drop: "Drop pictures here, paste one, or choose", paint: "paint over what is to go, then Fill",
    "drop to paint": "Drop a picture here, paste or choose one: next you paint over what is to go", ticked: "Restore what is ticked", jobs: "Pictures",
    all: "Download all (zip)", queued: "waits", working: "in work", stopping: "is being stopped", done: "done",
    failed: "failed", cancelled: "cancelled", look: "Look", download: "Download", edit: "Try a part, or paint", cancel: "Cancel",
    remove: "Remove", part: "part", whole: "Do the whole", before: "before", after: "after", brush: "Brush",
    box: "Box", eraser: "Eraser", thickness: "Thickness", boxes: "Boxes", undo: "Undo", save: "Save mask", go: "Fill",
    loading: "The models are still loading; you can drop pictures now.", ready: "Ready.",
    gone: "The server does not answer.", unshown: "This browser cannot show that picture.",
    "draw part": "Draw a rectangle: it is tried alone", "done share": "Share that is done",
    first: "Try a part first", try: "Try", "tick all": "Tick all", unsent: "Still to be sent:", release: "Send them",
    forget: "Forget them" },
  de: { compare: "im Vergleich", sort: "Sortieren nach", name: "Name", score: "Wertung", changed: "Änderung",
    errors: "Fehler zuerst", pictures: "Bilder", wrong: "mit Fehlern", divider: "Trennlinie zwischen vorher und nachher",
    fit: "Ganz", loupe: "Lupe", close: "Schließen", previous: "Voriges", next: "Nächstes", left: "Linke Seite",
    right: "Rechte Seite", size: "Größe", format: "Format", bits: "Bit", file: "Datei", model: "Modell",
    task: "Aufgabe", seconds: "Sekunden", notes: "Hinweise", missing: "fehlt",
    models: "Modelle", upscale: "Vergrößern", denoise: "Entrauschen", inpaint: "Übermaltes entfernen",
    restore: "Was es braucht", scale: "Faktor", source: "Das Bild ist", realism: "Realismus", strength: "Stärke",
    auto: "auto", clean: "sauber", photo: "ein Foto", faithful: "0 treu", vivid: "1 lebhaft", keep: "wie es war",
    drop: "Bilder hier ablegen, einfügen oder wählen", paint: "übermalen, was weg soll, dann Füllen",
    "drop to paint": "Ein Bild hier ablegen, einfügen oder wählen: dann übermalt man, was weg soll", ticked: "Angehakte bearbeiten", jobs: "Bilder",
    all: "Alle herunterladen (zip)", queued: "wartet", working: "in Arbeit", stopping: "wird angehalten", done: "fertig",
    failed: "misslungen", cancelled: "abgebrochen", look: "Ansehen", download: "Herunterladen", edit: "Teil versuchen oder malen",
    cancel: "Abbrechen", remove: "Entfernen", part: "Teil", whole: "Das ganze Bild", before: "vorher",
    after: "nachher", brush: "Pinsel", box: "Rechteck", eraser: "Radierer", thickness: "Dicke", boxes: "Rechtecke",
    undo: "Zurück", save: "Maske speichern", go: "Füllen", ready: "Bereit.",
    loading: "Die Modelle laden noch; Bilder können schon kommen.", gone: "Der Server antwortet nicht.",
    unshown: "Dieser Browser kann das Bild nicht zeigen.", "draw part": "Ein Rechteck ziehen: nur das wird versucht",
    "done share": "Fertiger Anteil",
    first: "Erst einen Teil versuchen", try: "Versuchen", "tick all": "Alle anhaken", unsent: "Noch zu senden:",
    release: "Senden", forget: "Vergessen" },
  zh: { compare: "对比", sort: "排序", name: "名称", score: "评分", changed: "变化", errors: "错误优先", pictures: "张图片",
    wrong: "张有错误", divider: "前后分界线", fit: "适合窗口", loupe: "放大镜", close: "关闭", previous: "上一张", next: "下一张",
    left: "左侧", right: "右侧", size: "尺寸", format: "格式", bits: "位", file: "文件", model: "模型", task: "任务",
    seconds: "秒", notes: "备注", missing: "无",
    models: "模型", upscale: "放大", denoise: "去噪", inpaint: "移除涂抹处", restore: "按需修复", scale: "倍数",
    source: "图片类型", realism: "真实感", strength: "强度", auto: "自动", clean: "干净", photo: "照片",
    faithful: "0 忠实", vivid: "1 生动", keep: "不变", drop: "拖放、粘贴或选择图片", paint: "涂抹要移除的部分，然后点“填补”",
    "drop to paint": "拖放、粘贴或选择图片，然后涂抹要移除的部分", ticked: "处理勾选的图片", jobs: "图片",
    all: "全部下载 (zip)", queued: "等待中", working: "处理中", stopping: "正在停止", done: "完成", failed: "失败", cancelled: "已取消",
    look: "查看", download: "下载", edit: "试一部分或涂抹", cancel: "取消", remove: "移除", part: "部分", whole: "处理整张",
    before: "之前", after: "之后", brush: "画笔", box: "方框", eraser: "橡皮", thickness: "粗细", boxes: "方框",
    undo: "撤销", save: "保存蒙版", go: "填补", loading: "正在加载模型，可以先发送图片。", ready: "就绪。",
    gone: "服务器没有响应。", unshown: "此浏览器无法显示该图片。", "draw part": "画一个矩形，只试这一部分",
    "done share": "完成比例",
    first: "先试一部分", try: "试一试", "tick all": "全选", unsent: "尚待发送：", release: "发送", forget: "放弃" },
};
export const LANGUAGE = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in STRINGS) ?? "en";
export const say = (key) => STRINGS[LANGUAGE][key];

/** An element with properties and children; strings become text, never HTML. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const button = (text, onclick, properties = {}) => make("button", { type: "button", textContent: text, onclick, ...properties });
