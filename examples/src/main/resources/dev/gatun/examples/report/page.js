"use strict";
(() => {
  const HEIGHT = 240;
  // What the marks of the step axis may be apart: whole numbers.
  const STEPS = Array.from({length: 8}, (_, power) => [1, 2, 5].map(digit => digit * 10 ** power)).flat();
  const charts = JSON.parse(document.getElementById("data").textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const format = value => value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));

  // Under the cursor, or the last one where there is no cursor.
  const shown = (plot, value, series) => {
    const known = value ?? (plot.cursor.idx == null ? plot.data[series].findLast(one => one != null) : null);
    return known == null ? "–" : format(known);
  };

  const axis = size => ({
    size, font: "12px system-ui, sans-serif", stroke: () => color("--muted"),
    grid: {stroke: () => color("--grid"), width: 1}, ticks: {show: false},
  });

  const widthIn = card => card.clientWidth - 2 * parseFloat(getComputedStyle(card).paddingLeft);

  function draw(chart, card) {
    return new uPlot({
      width: widthIn(card), height: HEIGHT,
      padding: [8, 20, 0, 0],
      scales: {x: {time: false}, y: {distr: chart.logarithmic ? 3 : 1}},
      legend: {markers: {width: 0, fill: (plot, series) => color(`--series-${(series - 1) % 8 + 1}`)}},
      cursor: {y: false, sync: {key: "steps"}, drag: {x: true, y: false}},
      axes: [{...axis(30), incrs: STEPS},
        {...axis(56), values: (plot, ticks) => ticks.map(tick => tick == null ? "" : format(tick))}],
      series: [{label: "step", value: (plot, value) => value == null ? format(plot.data[0].at(-1)) : format(value)},
        ...chart.series.map((series, i) => ({
          label: series.name, stroke: () => color(`--series-${i % 8 + 1}`), width: 2, spanGaps: true,
          points: {show: series.marked || series.x.length === 1, size: 7, fill: () => color("--card")},
          value: (plot, value, index) => shown(plot, value, index),
        }))],
    }, uPlot.join(chart.series.map(series => [series.x, series.y])), card);
  }

  const place = document.getElementById("charts");
  for (const chart of charts) {
    const card = document.createElement("section");
    card.className = chart.series.length > 1 ? "card wide" : "card";
    const title = document.createElement("h2");
    title.textContent = chart.title;
    card.append(title);
    place.append(card);
    let plot = draw(chart, card);
    new ResizeObserver(() => {
      if (widthIn(card) !== plot.width) {
        plot.setSize({width: widthIn(card), height: HEIGHT});
      }
    }).observe(card);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      plot.destroy();
      plot = draw(chart, card);
    });
  }
})();
