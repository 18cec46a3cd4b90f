// Interactive figures: the trials of a run, a dot each, or its curves; the value nearest to the pointer is written out,
// and the arrow keys step through all of them. Data come from data/*.js; the static figure above shows what matters.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 720, HIGH = 330, BOX = { left: 62, right: 14, top: 12, bottom: 34 };

function node(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function html(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

const finite = (value) => typeof value === "number" && Number.isFinite(value);
const short = (value) => (value === null ? "not determined" : typeof value === "string" ? value : String(+value.toPrecision(4)));

// Positions for numbers, and round numbers to mark: logarithmic where all are positive and far apart.
function axis(values, from, to) {
  const known = values.filter(finite);
  let low = Math.min(...known), high = Math.max(...known);
  if (!known.length) { low = 0; high = 1; }
  const logarithmic = low > 0 && high >= 200 * low;
  const scaled = logarithmic ? Math.log10 : (value) => value;
  let a = scaled(low), b = scaled(high);
  const room = (b - a) * 0.06 || Math.abs(a) * 0.1 || 0.5;
  a -= room; b += room;
  const place = (value) => from + ((to - from) * (scaled(value) - a)) / (b - a);
  const marks = [];
  if (logarithmic) {
    const step = Math.max(1, Math.ceil((b - a) / 6));
    for (let power = Math.ceil(a); power <= b; power += step) marks.push(10 ** power);
  } else {
    const rough = (b - a) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
    for (let index = Math.ceil(a / step); index * step <= b; index++) marks.push(index * step);
  }
  return { place, marks };
}

function frame(title) {
  const drawing = node("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "live", role: "application", tabindex: "0", "aria-label": title });
  return drawing;
}

function vertical(drawing, scale) {
  for (const mark of scale.marks) {
    const y = scale.place(mark);
    drawing.append(node("line", { class: "grid", x1: BOX.left, x2: WIDE - BOX.right, y1: y, y2: y }));
    drawing.append(node("text", { x: BOX.left - 8, y: y + 4, "text-anchor": "end" }, short(mark)));
  }
}

// A dot per trial, conditions side by side, their means as bars.
function dots(drawing, run, metric) {
  const at = run.metrics.indexOf(metric);
  const scale = axis(run.trials.map((trial) => trial[2][at]), HIGH - BOX.bottom, BOX.top);
  vertical(drawing, scale);
  const width = (WIDE - BOX.left - BOX.right) / run.conditions.length;
  const points = [];
  run.conditions.forEach((condition, index) => {
    const mine = run.trials.filter((trial) => trial[0] === index);
    const known = mine.map((trial) => trial[2][at]).filter(finite);
    const middle = BOX.left + width * (index + 0.5);
    const most = Math.max(4, Math.floor(width / 6.6));
    const label = condition.length > most ? condition.slice(0, most - 1) + "…" : condition;
    const text = node("text", { x: middle, y: HIGH - 12, "text-anchor": "middle" }, label);
    text.append(node("title", {}, condition));
    drawing.append(text);
    if (known.length) {
      const y = scale.place(known.reduce((a, b) => a + b, 0) / known.length);
      drawing.append(node("line", { class: `mean c${index % 7}`, x1: middle - width * 0.3, x2: middle + width * 0.3, y1: y, y2: y }));
    }
    mine.forEach((trial, place) => {
      const value = trial[2][at];
      if (!finite(value)) return;
      const x = middle + width * 0.4 * ((place + 0.5) / mine.length - 0.5), y = scale.place(value);
      drawing.append(node("circle", { class: `dot c${index % 7}`, cx: x, cy: y, r: 4 }));
      points.push({ x, y, words: `${condition}, seed ${trial[1]}: ${short(value)}` });
    });
  });
  return points;
}

// A line per trial: one column of a curve against its first.
function lines(drawing, run, name, column) {
  const curve = run.curves[name], at = curve.columns.indexOf(column);
  const across = axis(curve.series.flatMap((series) => series[2][0]), BOX.left, WIDE - BOX.right);
  const scale = axis(curve.series.flatMap((series) => series[2][at]), HIGH - BOX.bottom, BOX.top);
  vertical(drawing, scale);
  for (const mark of across.marks) drawing.append(node("text", { x: across.place(mark), y: HIGH - 16, "text-anchor": "middle" }, short(mark)));
  drawing.append(node("text", { x: WIDE - BOX.right, y: HIGH - 2, "text-anchor": "end" }, curve.columns[0]));
  const points = [];
  for (const [index, seed, columns] of curve.series) {
    const places = [];
    columns[0].forEach((x, place) => {
      const y = columns[at][place];
      if (!finite(x) || !finite(y)) return;
      const point = { x: across.place(x), y: scale.place(y) };
      if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) return;
      places.push(`${point.x.toFixed(1)},${point.y.toFixed(1)}`);
      points.push({ ...point, words: `${run.conditions[index]}, seed ${seed}, ${curve.columns[0]} ${short(x)}: ${short(y)}` });
    });
    drawing.append(node("polyline", { class: `line c${index % 7}`, points: places.join(" ") }));
  }
  return points;
}

// The nearest value to the pointer, or the next by key, is ringed and written out.
function inspect(drawing, points, said) {
  const ring = node("circle", { class: "ring", r: 7, cx: -20, cy: -20 });
  drawing.append(ring);
  let current = -1;
  const show = (index) => {
    current = index;
    ring.setAttribute("cx", points[index].x);
    ring.setAttribute("cy", points[index].y);
    said.textContent = points[index].words;
  };
  drawing.addEventListener("pointermove", (event) => {
    if (!points.length) return;
    const box = drawing.getBoundingClientRect(), grow = WIDE / box.width;
    const x = (event.clientX - box.left) * grow, y = (event.clientY - box.top) * grow;
    const far = points.map((point) => (point.x - x) ** 2 + (point.y - y) ** 2);
    show(far.indexOf(Math.min(...far)));
  });
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !points.length) return;
    event.preventDefault();
    show((current + step + points.length) % points.length);
  });
}

function legend(run) {
  const list = html("ul", { class: "legend" });
  run.conditions.forEach((condition, index) => list.append(html("li", { class: `c${index % 7}` }, condition)));
  return list;
}

function plot(place, run, number) {
  const id = `plot-${number}`;
  const select = html("select", { id });
  const values = html("optgroup", { label: "One value per trial" });
  for (const metric of run.metrics) values.append(html("option", { value: JSON.stringify([metric]) }, metric));
  select.append(values);
  for (const [name, curve] of Object.entries(run.curves)) {
    const group = html("optgroup", { label: `Curves: ${name}` });
    for (const column of curve.columns.slice(1)) group.append(html("option", { value: JSON.stringify([name, column]) }, `${column} by ${curve.columns[0]}`));
    select.append(group);
  }
  const label = html("label", { for: id }, "Look at ");
  const said = html("p", { role: "status", class: "facts" });
  const holder = html("div");
  const show = () => {
    const [name, column] = JSON.parse(select.value);
    const drawing = frame(`${column || name} of ${run.name}: arrow keys step through the values`);
    const points = column ? lines(drawing, run, name, column) : dots(drawing, run, name);
    said.textContent = points.length ? "Point at a value, or step with the arrow keys." : "No value is determined.";
    inspect(drawing, points, said);
    holder.replaceChildren(drawing, ...(column ? [legend(run)] : []));
  };
  select.addEventListener("change", show);
  const head = html("p", { class: "choose" });
  head.append(label, select);
  place.replaceChildren(head, holder, said);
  place.hidden = false;
  show();
}

function startPlots() {
  document.querySelectorAll(".plot").forEach((place, number) => {
    const data = (globalThis.unseenData || {})[place.dataset.study];
    const run = data && data.runs.find((found) => found.name === place.dataset.run);
    if (run) plot(place, run, number);
  });
}

if (typeof document !== "undefined") startPlots();
