/* The home page works without this file; it draws the table of the days as a chart. */
"use strict";

(() => {
  const colourOf = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

  const datasetsOf = (canvas, series) =>
    series.map(({ channel, label, values }) => ({
      label,
      data: values,
      backgroundColor: colourOf(canvas, `--home-${channel.toLowerCase()}`),
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

  const draw = (canvas) => {
    const { days, series } = JSON.parse(canvas.dataset.homeChart);
    const locale = document.documentElement.lang;
    const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
    Chart.defaults.font.family = getComputedStyle(canvas).fontFamily;
    const chart = new Chart(canvas, {
      type: "bar",
      data: {
        labels: days.map((each) => day.format(new Date(each))),
        datasets: datasetsOf(canvas, series),
      },
      options: {
        locale,
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
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
    for (const view of section.querySelectorAll("[data-home-view]")) {
      view.hidden = view.dataset.homeView !== wanted;
    }
    for (const button of section.querySelectorAll("[data-home-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.homeShow === wanted));
    }
  };

  const start = () => {
    const canvas = document.querySelector("[data-home-chart]");
    if (!canvas || typeof Chart === "undefined") return;
    const section = canvas.closest("section");
    for (const button of section.querySelectorAll("[data-home-show]")) {
      button.addEventListener("click", () => show(section, button.dataset.homeShow));
    }
    section.querySelector("[data-home-toggle]").hidden = false;
    show(section, "chart");
    draw(canvas);
  };

  document.addEventListener("DOMContentLoaded", start);
})();
