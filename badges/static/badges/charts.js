/* Pages work without this file; it shows tables as charts. */
"use strict";

(() => {
  const colourOf = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

  const datasetsOf = (canvas, series) =>
    series.map(({ colour, label, values }) => ({
      label,
      data: values,
      backgroundColor: colourOf(canvas, `--chart-${colour}`),
      borderColor: colourOf(canvas, "--desk-surface"),
      borderWidth: { top: 1 },
      borderSkipped: false,
      maxBarThickness: 28,
    }));

  const scalesOf = (canvas) => {
    const ticks = { color: colourOf(canvas, "--desk-muted"), precision: 0, maxRotation: 0 };
    const line = colourOf(canvas, "--desk-line");
    return {
      x: { stacked: true, ticks: { ...ticks, autoSkipPadding: 16 }, grid: { display: false }, border: { color: line } },
      y: { stacked: true, ticks: { ...ticks, maxTicksLimit: 6 }, grid: { color: line }, border: { display: false } },
    };
  };

  /* The rows behind the bar that is clicked; a keyboard reaches them by the table. */
  const linkAt = (chart, series, event) => {
    const [bar] = chart.getElementsAtEventForMode(event.native, "nearest", { intersect: true }, false);
    return bar && series[bar.datasetIndex].links[bar.index];
  };

  const draw = (canvas) => {
    const { bars, series } = JSON.parse(canvas.dataset.chart);
    const { lang } = document.documentElement;
    const locale = lang === "en" ? "en-GB" : lang; // 30 Nov, as in the table beside the chart
    const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
    Chart.defaults.font.family = getComputedStyle(canvas).fontFamily;
    const chart = new Chart(canvas, {
      type: "bar",
      data: {
        labels: bars.map(([first, last]) => day.formatRange(new Date(first), new Date(last))),
        datasets: datasetsOf(canvas, series),
      },
      options: {
        locale,
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        onClick: (event) => {
          const link = linkAt(chart, series, event);
          if (link) window.location.assign(link);
        },
        onHover: (event) => {
          canvas.style.cursor = linkAt(chart, series, event) ? "pointer" : "";
        },
        plugins: {
          legend: { display: false },
          tooltip: { itemSort: (one, other) => other.datasetIndex - one.datasetIndex },
        },
        scales: scalesOf(canvas),
      },
    });
    const repaint = () => {
      chart.data.datasets = datasetsOf(canvas, series);
      chart.options.scales = scalesOf(canvas);
      chart.update();
    };
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["class"] });
  };

  const show = (section, wanted) => {
    for (const view of section.querySelectorAll("[data-chart-view]")) {
      view.hidden = view.dataset.chartView !== wanted;
    }
    for (const button of section.querySelectorAll("[data-chart-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.chartShow === wanted));
    }
  };

  const begin = (toggle) => {
    const section = toggle.closest("section");
    const canvas = section.querySelector("[data-chart]");
    if (canvas && typeof Chart === "undefined") return;
    for (const button of section.querySelectorAll("[data-chart-show]")) {
      button.addEventListener("click", () => show(section, button.dataset.chartShow));
    }
    toggle.hidden = false;
    show(section, "chart");
    if (canvas) draw(canvas);
  };

  const start = () => {
    for (const toggle of document.querySelectorAll("[data-chart-toggle]")) begin(toggle);
  };

  document.addEventListener("DOMContentLoaded", start);
})();
