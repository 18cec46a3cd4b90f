// The compare page. Studies: paired differences by seed with Student's t interval, as unseen.statistics.paired_difference
// has them; problems: what unseen.evaluation.compare_solvers found. Data are loaded when something is chosen.
"use strict";

// Mean of first less second with its interval; quantiles by degrees of freedom from 1 on, the last for all beyond.
function pairedDifference(first, second, quantiles) {
  const differences = first.map((value, index) => value - second[index]);
  const n = differences.length;
  const estimate = differences.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { estimate, low: -Infinity, high: Infinity, differences };
  const variance = differences.reduce((sum, value) => sum + (value - estimate) ** 2, 0) / (n - 1);
  const half = quantiles[Math.min(n - 1, quantiles.length) - 1] * Math.sqrt(variance / n);
  return { estimate, low: estimate - half, high: estimate + half, differences };
}

// Seeds that both have, with both values; those that are not finite are left out.
function paired(first, second) {
  const seeds = [...first.keys()].filter((seed) => second.has(seed) && finite(first.get(seed)) && finite(second.get(seed)));
  return seeds.sort((a, b) => a - b).map((seed) => [seed, first.get(seed), second.get(seed)]);
}

function startCompare() {
  const form = document.getElementById("compare");
  const quantiles = JSON.parse(form.dataset.quantiles);
  const [of, first, second, metric, said, drawn, table] = ["of", "first", "second", "metric", "said", "drawn", "values"].map((id) => document.getElementById(id));
  const wanted = new URLSearchParams(location.hash.slice(1));

  function fill(select, words) {
    select.replaceChildren(...words.map((text, index) => html("option", { value: String(index) }, text)));
    select.disabled = !words.length;
  }

  function interval(low, estimate, high) {
    const drawing = node("svg", { viewBox: "0 0 640 60", class: "chart", role: "img", "aria-label": `difference ${short(estimate)}, interval ${short(low)} to ${short(high)}` });
    const scale = axis([low, high, estimate, 0], 24, 616);
    const place = (value) => Math.min(616, Math.max(24, finite(value) ? scale.place(value) : value > 0 ? 616 : 24));
    drawing.append(node("line", { class: "border", x1: place(0), x2: place(0), y1: 2, y2: 34 }));
    drawing.append(node("line", { class: "interval", x1: place(low), x2: place(high), y1: 18, y2: 18 }));
    drawing.append(node("circle", { class: "estimate", cx: place(estimate), cy: 18, r: 6 }));
    drawing.append(node("line", { class: "axis", x1: 24, x2: 616, y1: 36, y2: 36 }));
    for (const mark of scale.marks) drawing.append(node("text", { x: scale.place(mark), y: 55, "text-anchor": "middle" }, short(mark)));
    return drawing;
  }

  function rows(head, body) {
    const line = (cells, kind) => {
      const made = html("tr");
      cells.forEach((text, index) => made.append(html(kind === "th" || !index ? "th" : "td", kind === "th" ? { scope: "col" } : index ? { class: "number" } : { scope: "row" }, text)));
      return made;
    };
    const top = html("thead"), rest = html("tbody");
    top.append(line(head, "th"));
    rest.append(...body.map((cells) => line(cells, "td")));
    table.replaceChildren(top, rest);
  }

  function clear(words) {
    said.textContent = words;
    drawn.replaceChildren();
    table.replaceChildren();
  }

  function arms(data) {
    return data.runs.flatMap((run) => run.conditions.map((condition, index) => ({ run, index, label: (data.runs.length > 1 ? run.name + ": " : "") + condition })));
  }

  function showTrials(data) {
    const all = arms(data), a = all[first.value], b = all[second.value], name = metric.selectedOptions[0].textContent;
    const of = (arm) => new Map(arm.run.trials.filter((trial) => trial[0] === arm.index).map((trial) => [trial[1], trial[2][arm.run.metrics.indexOf(name)]]));
    const pairs = paired(of(a), of(b));
    if (!pairs.length) return clear("They have no seed in common for which both values are finite.");
    const found = pairedDifference(pairs.map((pair) => pair[1]), pairs.map((pair) => pair[2]), quantiles);
    const ends = pairs.length > 1 ? `90% interval ${short(found.low)} to ${short(found.high)}` : "one seed gives no interval";
    said.textContent = `${name}: ${a.label} less ${b.label} is ${short(found.estimate)}, ${ends} (Student t on ${pairs.length} paired differences).`;
    drawn.replaceChildren(interval(found.low, found.estimate, found.high));
    rows(["seed", a.label, b.label, "difference"], pairs.map((pair, index) => [String(pair[0]), short(pair[1]), short(pair[2]), short(found.differences[index])]));
  }

  function showPairs(data) {
    const a = data.names[first.value], b = data.names[second.value];
    const turned = (row) => (row.first === a ? 1 : -1);
    const fitting = data.rows.filter((row) => (row.first === a && row.second === b) || (row.first === b && row.second === a));
    if (!fitting.length) return clear("They were not asked the same questions.");
    const ends = (row) => (turned(row) > 0 ? [row.low, row.high] : [row.high === null ? null : -row.high, row.low === null ? null : -row.low]);
    const chosen = fitting[Math.min(metric.selectedIndex, fitting.length - 1)];
    const [low, high] = ends(chosen);
    said.textContent = `${chosen.split}: ${a} less ${b} is ${short(turned(chosen) * chosen.difference)}, 90% interval ${short(low)} to ${short(high)} (${chosen.pairs} questions, by ${chosen.unit}).`;
    drawn.replaceChildren(interval(low === null ? -Infinity : low, turned(chosen) * chosen.difference, high === null ? Infinity : high));
    rows(["split", "difference", "interval", "p", "p corrected", "pairs", "by"], fitting.map((row) => [row.split, short(turned(row) * row.difference), ends(row).map(short).join(" to "), short(row.p_value), short(row.corrected), String(row.pairs), row.unit]));
  }

  function show() {
    const data = (globalThis.unseenData || {})[of.value];
    if (!data) return;
    if (data.kind === "trials") showTrials(data);
    else showPairs(data);
  }

  function open() {
    const data = globalThis.unseenData[of.value];
    const words = data.kind === "trials" ? arms(data).map((arm) => arm.label) : data.names;
    fill(first, words);
    fill(second, words);
    if (words.length > 1) second.value = "1";
    fill(metric, data.kind === "trials" ? data.runs[0].metrics : [...new Set(data.rows.map((row) => row.split))]);
    show();
  }

  function load() {
    [first, second, metric].forEach((select) => fill(select, []));
    if (!of.value) return clear("Choose a study or a problem.");
    clear("Loading.");
    if ((globalThis.unseenData || {})[of.value]) return open();
    const script = html("script", { src: `data/${of.value}.js` });
    script.addEventListener("load", open);
    script.addEventListener("error", () => clear("Its data are not there."));
    document.head.append(script);
  }

  of.addEventListener("change", load);
  [first, second, metric].forEach((select) => select.addEventListener("change", show));
  form.addEventListener("submit", (event) => event.preventDefault());
  if (wanted.has("of")) {
    of.value = wanted.get("of");
    if (of.selectedIndex < 0) of.value = "";
  }
  if (of.value) load();
}

if (typeof document !== "undefined") startCompare();
