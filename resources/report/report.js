"use strict";
// The page lies on a disk and cannot ask for news: while the run goes on, it loads itself again, and looks as before.
const page = document.body.dataset;
const RELOAD = 20;

const memory = {
  read() { try { return JSON.parse(sessionStorage.getItem(location.pathname)) || {}; } catch { return {}; } },
  write(values) { try { sessionStorage.setItem(location.pathname, JSON.stringify(values)); } catch { /* not allowed */ } },
};

function restore() {
  const last = memory.read();
  const chosen = last.sheet && document.getElementById(last.sheet);
  if (chosen) chosen.checked = true;
  document.querySelectorAll("details").forEach((each, index) => { each.open = Boolean((last.open || [])[index]); });
  if (last.scroll) { history.scrollRestoration = "manual"; scrollTo(0, last.scroll); }
}

function keep() {
  const sheets = [...document.querySelectorAll(".sheets input")];
  const chosen = sheets.findIndex((each) => each.checked);
  memory.write({
    scroll: scrollY,
    sheet: chosen >= 0 && chosen < sheets.length - 1 ? sheets[chosen].id : null,  // the latest stays the latest
    open: [...document.querySelectorAll("details")].map((each) => each.open),
  });
}

let busy = false;
addEventListener("pagehide", keep);
addEventListener("pointerdown", () => { busy = true; });
addEventListener("pointerup", () => { busy = false; });
addEventListener("pointercancel", () => { busy = false; });

if (page.state === "running") {
  const silent = Date.now() / 1000 - Number(page.heard);
  if (silent > Number(page.patience)) {
    const state = document.querySelector(".state");
    state.className = "state silent";
    state.textContent = `no word for ${silent < 5400 ? `${Math.round(silent / 60)} minutes` : `${Math.round(silent / 3600)} hours`}`;
    state.title = "The run may have been killed, or its disk is full.";
  }
  setInterval(() => {
    const looking = document.querySelector(".chart:hover, .chart:focus") || String(getSelection());
    if (!document.hidden && !busy && !looking) location.reload();
  }, RELOAD * 1000);
}

for (const each of document.querySelectorAll("time")) {
  each.title = each.textContent;
  each.textContent = new Date(each.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

// Values under the pointer: every chart shows the same step.
const SVG = "http://www.w3.org/2000/svg";
const TOP = 8, BOTTOM = 150;  // of the curves, in the units of the charts
const X = 0, Y = 1, STEP = 2, VALUE = 3;
const charts = [...document.querySelectorAll(".chart")].map((svg) => {
  const [where, readout] = svg.parentElement.querySelectorAll("figcaption em, figcaption p");
  return { svg, curves: JSON.parse(svg.dataset.points), where, readout, resting: [where.innerHTML, readout.innerHTML] };
});

function nearest(points, step) {
  let low = 0, high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][STEP] < step) low = middle + 1; else high = middle;
  }
  const before = points[low - 1];
  return before && step - before[STEP] < points[low][STEP] - step ? before : points[low];
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function show(step) {
  for (const { svg, curves, where, readout } of charts) {
    svg.querySelector(".cursor")?.remove();
    const cursor = element("g", { class: "cursor" });
    const found = curves.map((curve) => ({ curve, point: nearest(curve.points, step) }));
    const x = found[0].point[X];
    cursor.append(element("path", { d: `M${x} ${TOP}V${BOTTOM}` }));
    readout.textContent = "";
    for (const { curve, point } of found) {
      cursor.append(element("circle", { class: `c${curve.curve}`, cx: point[X], cy: point[Y], r: 3.5 }));
      const value = document.createElement("span");
      if (curves.length > 1) {
        const swatch = document.createElement("i");
        swatch.className = `c${curve.curve}`;
        value.append(swatch, `${curve.title} `);
      }
      const bold = document.createElement("b");
      bold.textContent = point[VALUE];
      value.append(bold);
      readout.append(value);
    }
    where.textContent = `step ${found[0].point[STEP].toLocaleString("en")}`;
    svg.append(cursor);
  }
}

function rest() {
  for (const { svg, where, readout, resting } of charts) {
    svg.querySelector(".cursor")?.remove();
    [where.innerHTML, readout.innerHTML] = resting;
  }
}

for (const chart of charts) {
  const { svg, curves } = chart;
  const points = curves[0].points;
  svg.addEventListener("pointermove", (event) => {
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
    const first = points[0], last = points[points.length - 1];
    const share = last[X] > first[X] ? (x - first[X]) / (last[X] - first[X]) : 1;
    show(first[STEP] + share * (last[STEP] - first[STEP]));
  });
  svg.addEventListener("pointerleave", rest);
  svg.addEventListener("blur", rest);
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    chart.at = Math.min(Math.max((chart.at ?? points.length - 1) + move, 0), points.length - 1);
    show(points[chart.at][STEP]);
  });
}

restore();
