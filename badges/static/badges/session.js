/* The end of the session: a warning before it, and a way back after it that keeps the page. */
"use strict";

window.desk = (() => {
  const SECOND = 1_000;
  const WARNING = 300 * SECOND;
  const RETRY = 30 * SECOND;
  const LASTING = ["ended", "other"]; // what these say is replaced only once it is no longer true

  let bar, timer, endsAt, limitAt, warning, pause, lastUse;

  const shown = () => bar.querySelector("[data-bar]:not([hidden])")?.dataset.bar ?? "";

  const hide = () => {
    bar.hidden = true;
    for (const part of bar.querySelectorAll("[data-bar]")) part.hidden = true;
  };

  const say = (name, values = {}) => {
    if (!bar || (LASTING.includes(shown()) && ![...LASTING, "back"].includes(name))) return;
    hide();
    const part = bar.querySelector(`[data-bar="${name}"]`);
    for (const [key, text] of Object.entries(values))
      part.querySelector(`[data-value="${key}"]`).textContent = text;
    part.hidden = bar.hidden = false;
  };

  const lookIn = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(SECOND, delay));
  };

  const know = (secondsLeft, secondsToLimit) => {
    endsAt = Date.now() + secondsLeft * SECOND;
    limitAt = Date.now() + secondsToLimit * SECOND;
    lookIn(endsAt - warning - Date.now());
  };

  const end = () => {
    clearTimeout(timer);
    const here = bar.querySelector("[data-bar-here]");
    const next = encodeURIComponent(location.pathname + location.search);
    here.href = `${bar.dataset.logIn}?next=${next}`;
    say("ended");
    document.dispatchEvent(new Event("desk:ended"));
  };

  const tokens = () => document.querySelectorAll("[name=csrfmiddlewaretoken]");

  /* Ask for the state of the session: true if this user is still, or again, logged in. A post counts
     as a use of the session, a get does not. */
  const ask = async (method = "GET") => {
    const headers = { "HX-Request": "true", "X-CSRFToken": tokens()[0]?.value ?? "" };
    let answer, state;
    try {
      answer = await fetch(bar.dataset.url, { method, headers });
      if (answer.ok) state = await answer.json();
    } catch {
      lookIn(RETRY);
      say("offline");
      return false;
    }
    if (answer.status === 401) end();
    if (!state) return false;
    if (state.user !== bar.dataset.user) {
      say("other", { name: state.name });
      return false;
    }
    for (const token of tokens()) token.value = state.csrf_token;
    know(state.seconds_left, state.seconds_to_limit);
    if (LASTING.includes(shown())) say("back");
    return true;
  };

  const look = async () => {
    if (!(await ask())) return;
    const left = endsAt - Date.now();
    if (left > warning + SECOND) {
      if (["soon", "limit"].includes(shown())) hide();
      return;
    }
    const time = new Date(endsAt).toLocaleTimeString(document.documentElement.lang, {
      hour: "numeric",
      minute: "2-digit",
    });
    say(limitAt - endsAt < 2 * SECOND ? "limit" : "soon", { time });
    lookIn(left + SECOND);
  };

  /* Who types uses the page, also where nothing is sent for a long time. */
  const use = () => {
    if (Date.now() - lastUse < pause || LASTING.includes(shown())) return;
    lastUse = Date.now();
    ask("POST");
  };

  const stay = async () => {
    if ((await ask()) && (await ask("POST"))) hide();
  };

  const start = () => {
    bar = document.getElementById("session-bar");
    if (!bar) return;
    const left = Number(bar.dataset.secondsLeft);
    warning = Math.min(WARNING, (left * SECOND) / 2);
    pause = Math.min(WARNING, (left * SECOND) / 4);
    lastUse = Date.now();
    know(left, Number(bar.dataset.secondsToLimit));
    bar.querySelector("[data-bar-stay]").addEventListener("click", stay);
    for (const button of bar.querySelectorAll("[data-bar-close]"))
      button.addEventListener("click", hide);
    document.addEventListener("input", use);
    document.addEventListener("visibilitychange", () => document.hidden || look());
    window.addEventListener("focus", look); // of one of two windows that are both visible
    document.addEventListener("desk:stale", async () => {
      if (await ask()) say("back");
    });
    document.addEventListener("htmx:responseError", (event) => {
      if (event.detail.xhr.status === 401) end();
    });
  };

  document.addEventListener("DOMContentLoaded", start);
  return { ask, say, hide };
})();
