"use strict";
(() => {
  // Everything that comes from a device is put in as text, never as markup.
  const $ = (id) => document.getElementById(id);
  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text !== undefined && text !== null) node.textContent = String(text);
    if (className) node.className = className;
    return node;
  };
  const fill = (node, ...children) => node.replaceChildren(...children);
  const known = (value) => typeof value === "number" && Number.isFinite(value);
  const list = (value) => (Array.isArray(value) ? value : []);
  const stop = (text) => (!text || /[.!?]$/.test(text) ? text || "" : `${text}.`);
  const upper = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");
  const number = (value, digits) => (known(value) ? value.toFixed(digits) : "–");
  const plain = (value) => (known(value) ? String(Math.round(value * 10) / 10) : "–");
  const signed = (value, digits) => (known(value) && value > 0 ? "+" : "") + number(value, digits);
  const clock = (epoch) => new Date(epoch * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

  // Web storage may be refused; then the choice lasts as long as the page.
  const kept = (store, name, value) => {
    try {
      if (value === undefined) return window[store].getItem(name) || "";
      window[store].setItem(name, value);
    } catch { /* as said */ }
    return "";
  };

  let token = kept("sessionStorage", "token");
  let explanation = null;
  let live = null;
  let trouble = "";
  let ahead = 0; // the machine's clock minus ours, in seconds
  let heardAt = 0;

  // --- asking --------------------------------------------------------------------------------------------------------

  class Asked extends Error {
    constructor(status, text) { super(text); this.status = status; }
  }

  const ask = async (path, options = {}) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401) showLogin(Boolean(token));
    throw new Asked(answer.status, said.error || `answer ${answer.status}`);
  };
  const askJson = async (path) => (await ask(path)).json();

  const showLogin = (wrong) => {
    $("login").hidden = false;
    $("login-said").textContent = wrong ? "This is not the token." : "";
    $("token").focus();
  };

  $("login").addEventListener("submit", (event) => {
    event.preventDefault();
    token = $("token").value.trim();
    kept("sessionStorage", "token", token);
    $("token").value = "";
    $("login").hidden = true;
    start();
  });

  // --- the live stream: fetched, as EventSource cannot send a token in a header ------------------------------------------

  let streaming = null;
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  const stream = async (signal) => {
    const answer = await ask("api/events", { signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      let end;
      while ((end = rest.indexOf("\n\n")) >= 0) {
        hear(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    }
  };

  const hear = (text) => {
    heardAt = Date.now();
    const fields = Object.fromEntries(text.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trimStart()];
    }));
    if (!fields.data) return;
    const data = JSON.parse(fields.data);
    if (fields.event === "live") live = data;
    if (fields.event === "explained") ({ explanation, trouble } = data);
    show();
  };

  const start = async () => {
    if (streaming) streaming.abort();
    const mine = (streaming = new AbortController());
    for (let wait = 1000; !mine.signal.aborted; wait = Math.min(2 * wait, 15000)) {
      try {
        const whole = await askJson("api/state");
        ahead = whole.time - Date.now() / 1000;
        ({ explanation, live, trouble } = whole);
        $("version").textContent = whole.program;
        heardAt = Date.now();
        show();
        loadHistory(span);
        loadBoxes();
        wait = 1000;
        await stream(mine.signal);
      } catch (error) {
        if (error.status === 401) return;
      }
      link();
      await pause(wait);
    }
  };

  const link = () => {
    const age = (Date.now() - heardAt) / 1000;
    const on = heardAt > 0 && age < 25;
    $("link").className = `link ${on ? "on" : "off"}`;
    const text = on ? "live" : heardAt ? `no connection; as of ${clock(heardAt / 1000 + ahead)}` : "no connection";
    if ($("link-text").textContent !== text) $("link-text").textContent = text;
  };
  setInterval(link, 2000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - heardAt > 25000) start(); });

  // --- what is shown ---------------------------------------------------------------------------------------------------

  const since = (epoch) => {
    if (!known(epoch)) return "";
    const today = new Date((Date.now() / 1000 + ahead) * 1000).toDateString() === new Date(epoch * 1000).toDateString();
    return `since ${today ? new Date(epoch * 1000).toLocaleTimeString() : clock(epoch)}`;
  };

  const WORDS = { yes: "allowed", no: "refused", unknown: "unknown" };
  const SIGNS = { yes: "✓ ", no: "✕ ", unknown: "? " };
  const drawn = new Map();

  // A part is made anew only when what it is made of has changed: a screen reader is not thrown out of its place.
  const part = (id, data, draw) => {
    const text = JSON.stringify(data);
    if (drawn.get(id) === text) return;
    drawn.set(id, text);
    draw($(id));
  };

  const show = () => {
    link();
    const battery = (live && live.battery) || {};
    const said = trouble || (live ? "" : "nothing is known yet");
    $("trouble").hidden = !said;
    if ($("trouble").textContent !== upper(stop(said))) $("trouble").textContent = upper(stop(said));
    $("soc").textContent = plain(battery.soc_percent);
    $("soc-bar").firstElementChild.setAttribute("width", known(battery.soc_percent) ? Math.max(0, Math.min(100, battery.soc_percent)) : 0);
    numbers("numbers", [
      ["Voltage", number(battery.voltage_v, 2), "V"], ["Current", signed(battery.current_a, 1), "A"],
      ["Power", signed(battery.power_w, 0), "W"], ["Temperature", signed(battery.temperature_c, 0), "°C"],
    ]);
    numbers("cells", [
      ["Cells", `${number(battery.min_cell_voltage_v, 2)}–${number(battery.max_cell_voltage_v, 2)}`, "V"],
      ["Coldest, warmest", `${number(battery.min_cell_temperature_c, 0)}, ${number(battery.max_cell_temperature_c, 0)}`, "°C"],
    ]);
    const allowed = (live && live.permissions) || {};
    part("permissions", allowed, (node) => fill(node, ...[["charge", "Charging"], ["discharge", "Discharging"]].map(([key, title]) => {
      const state = WORDS[allowed[key]] ? allowed[key] : "unknown";
      const item = make("li", undefined, state);
      item.append(make("small", title), SIGNS[state] + WORDS[state]);
      return item;
    })));
    if (explanation) explain();
  };

  const numbers = (id, rows) => part(id, rows, (node) => fill(node, ...rows.map(([title, value, unit]) => {
    const box = make("div");
    const shown = make("dd", value);
    shown.append(make("small", ` ${unit}`));
    box.append(make("dt", title), shown);
    return box;
  })));

  const NAMES = { CVL: "Charge voltage", CCL: "Charge current", DCL: "Discharge current" };

  const explain = () => {
    const { dvcc = {}, bms = {} } = explanation;
    const limits = list(explanation.limits);
    const state = bms.state === "moved" ? "has another device instance" : bms.state;
    $("bms").textContent = bms.state === "none" ? "No BMS in control" : `${bms.name || bms.service || ""}: ${state || "unknown"}`;
    $("mode").textContent = `DVCC: ${dvcc.effective}, profile ${dvcc.profile}. ${stop(dvcc.master_reason)}`;
    part("limits", limits.filter((limit) => !limit.subject), (node) => {
      const open = new Set([...node.querySelectorAll("details[open]")].map((one) => one.dataset.limit));
      fill(node, ...limits.filter((limit) => !limit.subject).map((limit) => limitCard(limit, open)));
    });
    const devices = limits.filter((limit) => limit.subject);
    part("chargers", [devices, live && live.devices, dvcc], (node) => fill(node, ...(devices.length
      ? devices.map((limit) => charger(limit, dvcc)) : [make("li", "None that has a limit.", "quiet")])));
    const rank = { alarm: 0, warning: 1, info: 2 };
    const findings = [...list(explanation.findings)].sort((a, b) => (rank[a.severity] ?? 3) - (rank[b.severity] ?? 3));
    part("findings", findings.map((one) => ({ ...one, arguments: 0, count: 0 })), (node) => fill(node, ...(findings.length
      ? findings.map(finding) : [make("li", "Nothing to report.", "quiet")])));
    part("alarms", findings.filter((one) => one.severity === "alarm").map((one) => one.text), (node) => fill(node,
      ...findings.filter((one) => one.severity === "alarm").slice(0, 3).map((one) => {
        const card = make("div", undefined, "card alarm");
        card.append(make("strong", "Alarm: "), stop(one.text));
        return card;
      })));
  };

  const limitCard = (limit, open) => {
    const card = make("article", undefined, `card limit${limit.value === 0 ? " zero" : ""}`);
    card.append(make("h3", `${NAMES[limit.name] || limit.name} (${limit.name})`));
    const value = make("p", known(limit.value) ? (limit.unit === "V" ? limit.value.toFixed(2) : plain(limit.value)) : "none", "value");
    if (known(limit.value)) value.append(make("small", ` ${limit.unit}`));
    card.append(value);
    const sentence = String(limit.sentence || "").replace(/^(CVL|CCL|DCL)[^:]{0,24}: /, "");
    card.append(make("p", upper(sentence)), make("p", since(limit.since), "quiet"));
    const caps = list(limit.caps);
    if (caps.length > 1) {
      const more = make("details");
      more.dataset.limit = limit.name;
      more.open = open.has(limit.name);
      more.append(make("summary", `What limits ${limit.name}, the tightest first`));
      const items = make("ol");
      items.append(...caps.map((cap) => make("li", `${known(cap.value) ? `${plain(cap.value)} ${cap.unit}, ` : ""}${cap.text}${
        cap.source ? ` (${cap.source}${cap.path || ""})` : ""}`)));
      more.append(items);
      card.append(more);
    }
    return card;
  };

  const charger = (limit, dvcc) => {
    const item = make("li");
    const seen = ((live && live.devices) || {})[limit.subject] || {};
    const row = make("div", undefined, "charger-row");
    const makes = make("p", known(seen.made_a) ? plain(seen.made_a) : "–", "makes");
    makes.append(make("small", " A"));
    row.append(make("h3", limit.subject_name || limit.subject), makes);
    item.append(row);
    const most = known(seen.told_a) ? seen.told_a : limit.value;
    if (known(most) && most > 0 && known(seen.made_a)) {
      const meter = make("div", undefined, "meter");
      meter.setAttribute("aria-hidden", "true");
      meter.append(bar(Math.max(0, Math.min(100, (100 * seen.made_a) / most))));
      item.append(meter);
    }
    const told = known(seen.told_a) ? `${plain(seen.told_a)} A` : "nothing";
    const ours = known(limit.value) ? `${plain(limit.value)} A` : "nothing";
    const control = dvcc.effective === "control";
    const who = seen.device_says ? "Shows a limit of" : dvcc.master === "com.victronenergy.system" && !control ? "GX told" : "Told";
    item.append(make("p", limit.takes_none ? "Takes no limit." : control ? `${who} ${told}.`
      : `${who} ${told}; gxbridge would tell ${ours}.`));
    const reason = list(limit.caps)[0];
    item.append(make("p", upper(stop(reason ? reason.text : limit.sentence)), "quiet"));
    return item;
  };

  const bar = (percent) => {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "0 0 100 8");
    picture.setAttribute("preserveAspectRatio", "none");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("height", 8);
    rect.setAttribute("width", percent);
    picture.append(rect);
    return picture;
  };

  const finding = (one) => {
    const item = make("li");
    const head = make("p");
    const severity = ["alarm", "warning"].includes(one.severity) ? one.severity : "info";
    head.append(make("span", severity, `tag ${severity}`), ` ${stop(one.text)}`);
    item.append(head, make("p", stop(one.advice), "quiet"));
    return item;
  };

  // --- history -----------------------------------------------------------------------------------------------------------

  const SERIES = "voltage_v,cvl_v,current_a,ccl_a,dcl_a,soc_percent";
  const PLOTS = [
    { title: "Voltage (V)", lines: [["voltage_v", "Battery", "line", 1, 2], ["cvl_v", "CVL", "limit-line", 1, 2]] },
    { title: "Current (A)", lines: [["current_a", "Battery", "line", 1, 1], ["ccl_a", "CCL", "limit-line", 1, 1], ["dcl_a", "DCL", "limit2", -1, 1]] },
    { title: "State of charge (%)", lines: [["soc_percent", "State of charge", "soc-line", 1, 1]] },
  ];
  const INKS = { line: "--plot-line", "limit-line": "--plot-limit", limit2: "--plot-limit2", "soc-line": "--plot-soc" };
  let span = "24h";
  let table = null;
  let plots = [];

  $("spans").addEventListener("click", (event) => {
    const wanted = event.target.dataset.span;
    if (!wanted) return;
    span = wanted;
    for (const button of $("spans").children) button.setAttribute("aria-pressed", String(button.dataset.span === span));
    loadHistory(span);
  });

  const loadHistory = async (wanted) => {
    $("history-said").textContent = table ? "" : "Loading";
    try {
      const found = await askJson(`api/history?from=${wanted}&points=600&series=${SERIES}`);
      if (wanted !== span) return;
      table = found;
      drawHistory();
    } catch (error) {
      if (wanted === span) $("history-said").textContent = `No history: ${error.message}`;
    }
  };
  setInterval(() => { if (!document.hidden && table && heardAt) loadHistory(span); }, 60000);

  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A gap where nothing is known: without it a line would say what nobody measured.
  const withGaps = (data) => {
    const times = [];
    const places = [];
    data.times.forEach((t, n) => {
      if (n && t - data.times[n - 1] > 2.5 * data.step_s) { times.push(data.times[n - 1] + data.step_s); places.push(-1); }
      times.push(t);
      places.push(n);
    });
    const column = (values, sign = 1) => places.map((n) => (n < 0 || !known(values[n]) ? null : sign * values[n]));
    return { times, column };
  };

  const drawHistory = () => {
    plots.forEach((plot) => plot.destroy());
    plots = [];
    fill($("plots"));
    $("history-words").hidden = !table.times.length;
    $("history-said").textContent = table.times.length ? "" : "Nothing is kept of this time yet.";
    if (!table.times.length) return;
    const { times, column } = withGaps(table);
    for (const { title, lines } of PLOTS) {
      const there = lines.filter(([name]) => table.series[name]);
      if (!there.length) continue;
      const figure = make("div", undefined, "plot");
      const legend = make("p", undefined, "legend");
      legend.append(...there.flatMap(([, label, key]) => [make("span", undefined, `key ${key}`), `${label}  `]));
      if (list(table.changes).some((change) => change.name === "charge" && change.value === "no")) {
        legend.append(make("span", undefined, "key refused"), "charging refused");
      }
      const place = make("div");
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", `${title}: ${there.map((line) => words(line)).join("; ")}`);
      figure.append(make("h3", title), legend, place);
      $("plots").append(figure);
      plots.push(plot(place, times, there, column));
    }
    wordTable();
  };

  const extremes = ([name, , , sign]) => {
    const { least, most } = table.series[name];
    const low = least.filter(known);
    const high = most.filter(known);
    if (!low.length) return null;
    const ends = [sign * Math.min(...low), sign * Math.max(...high)];
    return [Math.min(...ends), Math.max(...ends)];
  };
  const words = (line) => {
    const ends = extremes(line);
    return ends ? `${line[1]} from ${ends[0].toFixed(line[4])} to ${ends[1].toFixed(line[4])}` : `${line[1]} not known`;
  };

  const plot = (place, times, lines, column) => {
    const data = [times];
    const series = [{}];
    const bands = [];
    for (const [name, label, key, sign, digits] of lines) {
      const { least, mean, most } = table.series[name];
      const colour = ink(INKS[key]);
      const value = (_plot, raw) => (known(raw) ? raw.toFixed(digits) : "–");
      if (!key.startsWith("limit")) {
        bands.push({ series: [data.length, data.length + 1], fill: `${colour}33` });
        data.push(column(sign > 0 ? most : least, sign), column(sign > 0 ? least : most, sign));
        series.push({ stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } });
      }
      data.push(column(mean, sign));
      series.push({ label, stroke: colour, width: key.startsWith("limit") ? 1.5 : 2, dash: key.startsWith("limit") ? [6, 4] : undefined,
        value, points: { show: times.length < 3 }, paths: key.startsWith("limit") ? uPlot.paths.stepped({ align: 1 }) : undefined });
    }
    const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 }, font: "13px system-ui, sans-serif" };
    const now = table.to;
    const days = table.to - table.from > 100000;
    // DCL is often far below what flows: it is drawn where it comes near, and makes no plot flat.
    const ends = lines.filter(([name]) => name !== "dcl_a").map(extremes).filter(Boolean).flat();
    const air = Math.max(0.08 * (Math.max(...ends) - Math.min(...ends)), 0.2);
    const range = ends.length ? [Math.min(...ends) - air, Math.max(...ends) + air] : [0, 1];
    const when = (t) => new Date(t * 1000).toLocaleString(undefined, days ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    return new uPlot({
      width: place.clientWidth, height: 190, legend: { show: false }, cursor: { drag: { x: true, y: false }, points: { show: false } },
      scales: { x: { time: true, range: (_plot, low, high) => (low === high ? [low - 60, high + 60] : [zoomed(low, table.from), zoomed(high, now)]) }, y: { range } },
      axes: [{ ...axis, values: (_plot, splits) => splits.map(when) }, { ...axis, size: 56 }], series, bands, hooks: { draw: [marks] },
    }, data, place);
  };
  const zoomed = (value, bound) => (Math.abs(value - bound) < 0.2 * (table.to - table.from) ? bound : value);

  // Refusals as a strip at the bottom, beginnings of alarms and warnings as lines.
  const marks = (drawnPlot) => {
    const { ctx, bbox } = drawnPlot;
    const at = (t) => Math.max(bbox.left, Math.min(bbox.left + bbox.width, drawnPlot.valToPos(t, "x", true)));
    ctx.save();
    let refused = null;
    const strip = (until) => {
      ctx.fillStyle = ink("--bad");
      ctx.fillRect(at(refused), bbox.top + bbox.height - 5, Math.max(2, at(until) - at(refused)), 5);
      refused = null;
    };
    const standing = new Set();
    for (const change of list(table.changes)) {
      if (change.name === "charge" || change.name === "service") {
        if (change.name === "charge" && change.value === "no") refused ??= change.time;
        else if (refused !== null) strip(change.time);
      }
      if (change.name.startsWith("finding ")) {
        if (change.value && !standing.has(change.name) && change.value !== "info") {
          ctx.fillStyle = ink(change.value === "alarm" ? "--bad" : "--warn");
          ctx.fillRect(at(change.time), bbox.top, 2, bbox.height);
        }
        if (change.value) standing.add(change.name); else standing.delete(change.name);
      }
    }
    if (refused !== null) strip(table.to);
    ctx.restore();
  };

  const STATES = { charge: "Charging", discharge: "Discharging", cvl: "CVL", ccl: "CCL", dcl: "DCL", bms: "BMS", dvcc: "DVCC", service: "gxbridge" };
  const changeWords = ({ name, value, text: said }) => {
    if (name.startsWith("finding ")) return value ? `${upper(value)}: ${stop(said || name.slice(8))}` : `Over: ${name.slice(8)}`;
    if (["cvl", "ccl", "dcl"].includes(name) && said) return said;
    return `${STATES[name] || name}: ${value || "unknown"}${said ? ` (${said})` : ""}`;
  };

  const wordTable = () => {
    const rows = [];
    const standing = {};
    for (const change of list(table.changes)) {
      if (standing[change.name] === change.value) continue;
      standing[change.name] = change.value;
      const row = make("tr");
      row.append(make("td", clock(change.time)), make("td", changeWords(change)));
      rows.push(row);
    }
    const ends = make("ul");
    ends.append(...PLOTS.flatMap(({ title, lines }) => lines.filter(([name]) => table.series[name]).map((line) => make("li", `${title}: ${words(line)}`))));
    const holder = make("div", undefined, "scroll");
    holder.tabIndex = 0;
    holder.setAttribute("role", "region");
    holder.setAttribute("aria-label", "Changes of permissions, limits and findings");
    const shown = make("table");
    const head = make("tr");
    head.append(make("th", "When"), make("th", "What changed"));
    shown.append(head, ...rows.slice(-300).reverse());
    holder.append(shown);
    fill($("history-table"), ends, holder);
  };

  let resizing = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => plots.forEach((one) => one.setSize({ width: one.root.parentElement.clientWidth, height: 190 })), 150);
  });

  // --- black boxes -------------------------------------------------------------------------------------------------------

  const loadBoxes = async () => {
    let found;
    try { found = await askJson("api/boxes"); } catch (error) { found = { boxes: [], trouble: error.message }; }
    part("boxes", found, (node) => fill(node, ...(found.boxes.length ? found.boxes.map((box) => {
      const item = make("li");
      const button = make("button", `${clock(box.written)}: ${box.cause.replaceAll("-", " ")}`);
      button.type = "button";
      button.addEventListener("click", () => tellBox(box));
      item.append(button);
      return item;
    }) : [make("li", upper(stop(found.trouble)) || "None: nothing went wrong that was worth one.", "quiet")])));
  };

  const tellBox = async (box) => {
    const place = $("box");
    place.hidden = false;
    fill(place, make("p", "Reading the box", "quiet"));
    place.focus();
    try {
      const told = await askJson(`api/boxes/${encodeURIComponent(box.name)}`);
      const evidence = make("ul");
      evidence.append(...list(told.verdict.evidence).map((text) => make("li", upper(stop(text)))));
      const rows = list(told.timeline).slice(-400).map(([at, text]) => {
        const row = make("tr");
        const seconds = at - told.cause.at;
        row.append(make("td", `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(1)} s`), make("td", text));
        return row;
      });
      const holder = make("div", undefined, "scroll");
      holder.tabIndex = 0;
      holder.setAttribute("role", "region");
      holder.setAttribute("aria-label", "Timeline of the black box");
      const shown = make("table");
      const head = make("tr");
      head.append(make("th", "When"), make("th", "What happened"));
      shown.append(head, ...rows);
      holder.append(shown);
      fill(place, make("h3", `${clock(told.cause.at + told.epoch_offset)}: ${told.cause.text || told.cause.name}`),
        make("p", stop(told.verdict.title), "verdict"), evidence, holder);
    } catch (error) {
      fill(place, make("p", `The box cannot be shown: ${error.message}.`));
    }
  };

  // --- dark and light ------------------------------------------------------------------------------------------------------

  const THEMES = ["auto", "dark", "light"];
  let theme = kept("localStorage", "theme");
  const setTheme = (name) => {
    theme = THEMES.includes(name) ? name : "auto";
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    $("theme-name").textContent = theme;
    if (table) drawHistory();
  };
  $("theme").addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
    kept("localStorage", "theme", theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (table) drawHistory(); });
  setTheme(theme);

  start();
})();
