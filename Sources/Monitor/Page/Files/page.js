"use strict";
// The page of a running daemon. Everything that comes from it is put in as text, never as markup.
(() => {
  // MARK: - Elements

  const at = (id) => document.getElementById(id);
  const svgNamespace = "http://www.w3.org/2000/svg";

  /** An element with attributes, and children that are nodes or text. */
  function el(name, attributes = {}, ...children) {
    return filled(document.createElement(name), attributes, children);
  }
  function svg(name, attributes = {}, ...children) {
    return filled(document.createElementNS(svgNamespace, name), attributes, children);
  }
  function filled(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  // Controls, and what turns the direction of text or cannot be seen (Unicode, categories Cc and Cf).
  const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

  /** Text with what cannot be seen made visible. */
  function visible(text) {
    const out = document.createDocumentFragment();
    let end = 0;
    for (const found of text.matchAll(unseen)) {
      out.append(text.slice(end, found.index));
      const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      out.append(el("span", { class: "hidden-character", title: "a character that is not shown" }, "U+" + code));
      end = found.index + found[0].length;
    }
    out.append(text.slice(end));
    return out;
  }
  const shown = (value) => visible(typeof value === "string" ? value : JSON.stringify(value));
  const cut = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
  const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
  const number = (value) => (value >= 1e6 ? (value / 1e6).toFixed(1) + " M" : value.toLocaleString("en"));

  function rate(value) {
    if (value === undefined) return "–";
    return value >= 1000 ? (value / 1000).toFixed(1) + " k" : value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1);
  }
  function bytes(value) {
    for (const unit of ["B", "KiB", "MiB", "GiB"]) {
      if (value < 1024 || unit === "GiB") return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
      value /= 1024;
    }
    return "";
  }
  function duration(seconds) {
    if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  }

  // MARK: - Asking the daemon

  const tokenKey = "sluice-token";

  async function ask(path, body) {
    const headers = {};
    const token = sessionStorage.getItem(tokenKey);
    if (token) headers.Authorization = "Bearer " + token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, {
      method: body === undefined ? "GET" : "POST", headers, cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status === 401) {
      show("login");
      throw new Error(token ? "The token is not the one of the configuration." : "A token is needed.");
    }
    if (!answer.ok) throw new Error((await answer.text()).trim() || `The daemon answers ${answer.status}.`);
    return answer.json();
  }

  function tell(problem) {
    const text = problem instanceof TypeError ? "The daemon does not answer." : problem ? problem.message : "";
    if (at("problem").textContent !== text) at("problem").textContent = text;
    at("problem").hidden = !text;
  }

  /** Calls `work` about once a second while its part is to be seen. */
  function poll(part, milliseconds, work) {
    let isBusy = false;
    const turn = async () => {
      if (isBusy || document.hidden || current !== part) return;
      isBusy = true;
      try {
        await work();
        tell(null);
      } catch (problem) {
        tell(problem);
      }
      isBusy = false;
    };
    setInterval(turn, milliseconds);
    return turn;
  }

  /** Calls `work` when nothing has been typed for a while; an answer that comes late is thrown away. */
  function afterTyping(milliseconds, work) {
    let timer = 0;
    let turn = 0;
    return () => {
      clearTimeout(timer);
      const own = ++turn;
      timer = setTimeout(() => work(() => own === turn).catch(tell), milliseconds);
    };
  }

  // MARK: - Parts

  const parts = ["pipeline", "tail", "grok", "letters", "check"];
  let current = "pipeline";
  const openers = {};

  function show(part) {
    current = part;
    for (const other of [...parts, "login"]) at(other).hidden = other !== part;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === "#" + part) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (part === "login") at("token").focus();
    else openers[part]?.();
  }
  function showNamed() {
    const name = location.hash.slice(1);
    if (name === "main") return;
    show(parts.includes(name) ? name : "pipeline");
  }
  addEventListener("hashchange", showNamed);
  at("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(tokenKey, at("token").value);
    at("token").value = "";
    tell(null);
    showNamed();
  });

  // MARK: - Pipeline

  let plan = "";
  let before = null;

  const pollPipeline = poll("pipeline", 1000, async () => {
    const now = await ask("api/pipeline");
    now.at = performance.now();
    const rates = ratesOf(now);
    const isNarrow = at("drawing").clientWidth < 700;
    const drawn = JSON.stringify([isNarrow, now.edges, now.nodes.map((node) => [node.id, node.type, node.summary])]);
    if (drawn !== plan) {
      draw(now, isNarrow);
      list(now);
      plan = drawn;
    }
    figures(now, rates);
    at("state").textContent = now.state;
    at("state").className = "chip " + (now.state === "ok" ? "ok" : "bad");
    before = now;
  });
  openers.pipeline = pollPipeline;

  /** Events a second in and out of each node since the last answer. */
  function ratesOf(now) {
    const last = new Map((before?.nodes ?? []).map((node) => [node.id, node]));
    const seconds = before ? (now.at - before.at) / 1000 : 0;
    return new Map(now.nodes.map((node) => {
      const old = last.get(node.id);
      const of = (name) => (old?.counts && node.counts && seconds > 0
        ? Math.max(node.counts[name] - old.counts[name], 0) / seconds : undefined);
      return [node.id, { in: of("in"), out: of("out") }];
    }));
  }

  /**
   * Nodes in layers, each behind those that lead to it; those of a circle stay where they were met first. A line that
   * passes a layer has a narrow place of its own there (`{id, isWay}`), so that it goes around the boxes.
   */
  function layersOf(nodes, edges) {
    const layer = new Map(nodes.map((node) => [node.id, 0]));
    for (let round = 0, changed = true; changed && round < nodes.length; round++) {
      changed = false;
      for (const edge of edges) {
        const wanted = layer.get(edge.from) + 1;
        if (wanted > layer.get(edge.to) && wanted < nodes.length) {
          layer.set(edge.to, wanted);
          changed = true;
        }
      }
    }
    const layers = [];
    for (const node of nodes) (layers[layer.get(node.id)] ??= []).push(node);
    const above = new Map();
    const lead = (from, to) => above.set(to, [...(above.get(to) ?? []), from]);
    for (const edge of edges) {
      let last = edge.from;
      edge.ways = [];
      for (let step = layer.get(edge.from) + 1; step < layer.get(edge.to); step++) {
        const way = `${edge.from}\n${edge.to}\n${step}`;
        layers[step].push({ id: way, isWay: true });
        edge.ways.push(way);
        lead(last, way);
        last = way;
      }
      lead(last, edge.to);
    }
    // Each near the middle of its predecessors, so that few lines cross.
    const place = new Map();
    return layers.filter(Boolean).map((row) => {
      const weight = (node, index) => {
        const known = (above.get(node.id) ?? []).filter((id) => place.has(id)).map((id) => place.get(id));
        return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : index;
      };
      const sorted = row.map((node, index) => [weight(node, index), node]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
      sorted.forEach((node, index) => place.set(node.id, index - (sorted.length - 1) / 2));
      return sorted;
    });
  }

  const box = { width: 150, height: 66 };

  function draw(now, isNarrow) {
    const layers = layersOf(now.nodes, now.edges);
    const gap = isNarrow ? { along: 46, across: 10 } : { along: 104, across: 22 };
    const [long, wide] = isNarrow ? [box.height, box.width] : [box.width, box.height];
    // Closer together where that spares scrolling, but with room for a tag.
    const room = (at("drawing").clientWidth - 16 - layers.length * long) / Math.max(layers.length - 1, 1);
    if (!isNarrow) gap.along = Math.max(84, Math.min(gap.along, Math.floor(room)));
    const breadthOf = (node) => (node.isWay ? 6 : wide) + gap.across;
    const breadths = layers.map((row) => row.reduce((sum, node) => sum + breadthOf(node), 0));
    const breadth = Math.max(...breadths);
    const places = new Map();
    layers.forEach((row, index) => {
      let across = (breadth - breadths[index]) / 2;
      for (const node of row) {
        const [a, b] = [8 + index * (long + gap.along), across + gap.across / 2];
        places.set(node.id, isNarrow ? { x: b, y: a } : { x: a, y: b });
        across += breadthOf(node);
      }
    });
    const length = 16 + layers.length * (long + gap.along) - gap.along;
    const [width, height] = isNarrow ? [breadth, length] : [length, breadth];
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label":
      "The pipeline: " + plural(now.nodes.length, "stage") + "; the table below says the same" });
    for (const edge of now.edges) picture.append(line(edge, places, isNarrow));
    for (const node of now.nodes) picture.append(boxOf(node, places.get(node.id)));
    at("drawing").replaceChildren(picture);
  }

  /** From box to box, along the places that were kept for it. */
  function line(edge, places, isNarrow) {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    const points = [isNarrow ? [from.x + box.width / 2, from.y + box.height] : [from.x + box.width, from.y + box.height / 2]];
    for (const way of edge.ways) {
      const { x, y } = places.get(way);
      points.push(...(isNarrow ? [[x + 3, y], [x + 3, y + box.height]] : [[x, y + 3], [x + box.width, y + 3]]));
    }
    points.push(isNarrow ? [to.x + box.width / 2, to.y] : [to.x, to.y + box.height / 2]);
    let curve = `M${points[0]}`;
    for (let index = 1; index < points.length; index++) {
      const [[x, y], [nextX, nextY]] = [points[index - 1], points[index]];
      const [middleX, middleY] = [(x + nextX) / 2, (y + nextY) / 2];
      curve += isNarrow ? ` C${x},${middleY} ${nextX},${middleY} ${nextX},${nextY}` : ` C${middleX},${y} ${middleX},${nextY} ${nextX},${nextY}`;
    }
    const group = svg("g", { "data-from": edge.from, "data-to": edge.to, class: edge.fallback ? "fallback" : undefined });
    // In the first gap, where lines of one box have parted.
    const [start, end] = [points[0], points[1]];
    const tags = svg("text", { class: "tags", "text-anchor": "middle", x: start[0] + (end[0] - start[0]) * (isNarrow ? 0.6 : 0.55),
      y: start[1] + (end[1] - start[1]) * 0.6 + (isNarrow ? 4 : -5) });
    const middle = tags.getAttribute("x");
    tags.append(svg("title", {}, edge.tags), svg("tspan", {}, cut(edge.tags, 14)),
      svg("tspan", { class: "edge-rate", x: middle, dy: edge.tags ? 13 : 0 }));
    group.append(svg("path", { d: curve, "stroke-width": 1.5 }), tags);
    return group;
  }

  function boxOf(node, place) {
    const group = svg("g", { class: node.category, "data-id": node.id, transform: `translate(${place.x},${place.y})` });
    group.append(
      svg("title", {}, `${node.category} ${node.type} ${node.id}\n${node.summary}`),
      svg("rect", { class: "box", width: box.width, height: box.height, rx: 8 }),
      svg("text", { class: "title", x: 10, y: 20 }, cut(node.type, 19)),
      svg("text", { class: "faint", x: 10, y: 37 }, cut(node.category === "label" ? node.summary : node.id, 20)),
      svg("text", { class: "figures", x: 10, y: 53 }));
    if (node.buffer) {
      group.append(svg("rect", { class: "rail", x: 10, y: 58, width: box.width - 20, height: 4, rx: 2 }),
        svg("rect", { class: "fill", x: 10, y: 58, width: 0, height: 4, rx: 2 }));
    }
    return group;
  }

  function list(now) {
    const rows = now.nodes.filter((node) => node.category !== "label").map((node) => {
      const name = el("th", { scope: "row" }, node.type, " ", el("span", { class: "soft" },
        `${node.category} ${node.id}${node.label ? " in " + node.label : ""}`));
      return el("tr", { "data-id": node.id }, name, ...Array.from({ length: 7 }, () => el("td", { class: "number" })));
    });
    at("stages").replaceChildren(...rows);
    const chosen = at("tail-after").value;
    const options = now.nodes.filter((node) => node.category === "filter" || node.category === "output")
      .map((node) => el("option", { value: node.id }, `${node.type} ${node.id}`));
    at("tail-after").replaceChildren(el("option", { value: "" }, "all"), ...options);
    at("tail-after").value = chosen;
  }

  const isFailing = (node) => Boolean(node.buffer && (node.buffer.retries > 0 || node.buffer.bytes >= node.buffer.limit));
  const isMany = (edges, key, id) => edges.filter((edge) => edge[key] === id).length > 1;

  function figures(now, rates) {
    const rows = new Map([...at("stages").children].map((row) => [row.dataset.id, row]));
    const boxes = new Map([...at("drawing").querySelectorAll("g[data-id]")].map((group) => [group.dataset.id, group]));
    for (const node of now.nodes) {
      const own = rates.get(node.id);
      const group = boxes.get(node.id);
      const refused = node.counts ? node.counts.refused + node.counts.not_taken : 0;
      group.classList.toggle("failing", isFailing(node));
      const passing = node.category === "input" ? own.out : own.in;
      let text = passing === undefined ? "" : `${rate(passing)}/s`;
      if (refused) text += `  ${number(refused)} refused`;
      if (node.buffer) {
        const share = Math.min(node.buffer.bytes / Math.max(node.buffer.limit, 1), 1);
        text += `  ${bytes(node.buffer.bytes)}`;
        if (node.buffer.oldest_seconds !== undefined) text += `  ${duration(node.buffer.oldest_seconds)}`;
        group.querySelector(".fill").setAttribute("width", share * (box.width - 20));
      }
      group.querySelector(".figures").textContent = text;
      const row = rows.get(node.id);
      if (row) tellStage(row.cells, node, own, refused);
    }
    const usual = now.edges.filter((edge) => !edge.fallback);
    for (const group of at("drawing").querySelectorAll("g[data-from]")) {
      const { from, to } = group.dataset;
      const isFallback = group.classList.contains("fallback");
      // How many took this way is known where no other way leads to its end.
      const value = !isFallback && !isMany(usual, "from", from) ? rates.get(from).out
        : !isMany(now.edges, "to", to) ? rates.get(to).in : undefined;
      group.querySelector(".edge-rate").textContent = value ? `${rate(value)}/s` : "";
      group.querySelector("path").setAttribute("stroke-width", value ? 1.5 + Math.min(Math.log10(1 + value), 5) : 1.5);
      group.querySelector("path").classList.toggle("busy", Boolean(value));
    }
  }

  function tellStage(cells, node, own, refused) {
    const buffer = node.buffer;
    const texts = [rate(own.in), rate(own.out), number(node.counts?.in ?? 0), number(refused),
      buffer ? `${bytes(buffer.bytes)} in ${plural(buffer.chunks, "chunk")}` : "–",
      buffer?.oldest_seconds !== undefined ? duration(buffer.oldest_seconds) : "–", stateOf(node)];
    texts.forEach((text, index) => {
      const cell = cells[index + 1];
      if (cell.textContent !== text) cell.textContent = text;
    });
    cells[7].classList.toggle("bad", isFailing(node));
  }

  function stateOf(node) {
    const buffer = node.buffer;
    if (!buffer) return "–";
    const lost = buffer.rejected + buffer.abandoned + buffer.dropped;
    const end = lost ? `; ${number(lost)} not delivered` : "";
    if (buffer.bytes >= buffer.limit) return "full" + end;
    if (buffer.retries > 0) return `tried ${plural(buffer.retries, "time")}: ${buffer.reason ?? "no answer"}${end}`;
    return "ok" + end;
  }

  // MARK: - Live tail

  const mostEvents = 100;
  let since = null;
  let isPaused = false;
  let missed = 0;
  // Which question is asked: an answer to an earlier one is thrown away.
  let watch = 0;

  function restartTail() {
    watch++;
    since = null;
    missed = 0;
    at("events").replaceChildren();
    tailState();
  }

  const pollTail = poll("tail", 1000, async () => {
    if (isPaused) return;
    const query = new URLSearchParams({ tag: at("tail-tag").value.trim() || "**", text: at("tail-text").value,
      after: at("tail-after").value, rate: at("tail-rate").value });
    // Without: what comes from now on.
    if (since !== null) query.set("since", since);
    const own = watch;
    const answer = await ask("api/tap?" + query);
    if (own !== watch || isPaused) return;
    since = answer.next;
    missed = answer.missed;
    const items = answer.events.map(eventItem).reverse();
    at("events").prepend(...items);
    while (at("events").children.length > mostEvents) at("events").lastChild.remove();
    tailState();
  });
  openers.tail = () => {
    if (!at("tail-after").options[1]) ask("api/pipeline").then(list).catch(tell);
    pollTail();
  };

  function tailState() {
    const count = at("events").children.length;
    const text = (isPaused ? "Paused; " : "") + (count ? plural(count, "event") + " shown" : "no event yet")
      + (missed ? `; ${number(missed)} more passed unseen` : "");
    // Read out only when it says something new of another kind, so that a busy tail is calm.
    at("tail-state").setAttribute("aria-live", isPaused || !count ? "polite" : "off");
    at("tail-state").textContent = text;
  }

  function eventItem(event) {
    const steps = el("ol", { class: "steps" });
    let records = [event.record];
    for (const step of event.steps) {
      const name = el("span", {}, visible(`${step.type ?? ""} ${step.stage} `), el("b", {}, step.result));
      const item = el("li", { class: step.result }, name);
      if (step.reason) item.append(el("div", { class: "bad" }, visible(step.reason)));
      if (step.records?.length) {
        step.records.forEach((record, index) => item.append(difference(records[index] ?? records[0] ?? {}, record)));
        records = step.records;
      }
      steps.append(item);
    }
    return el("li", {}, el("h3", {}, visible(event.tag), el("time", {}, event.time),
      event.label && event.label !== "@ROOT" ? el("span", { class: "soft" }, " in ", visible(event.label)) : null),
    fieldsOf(event.record), steps);
  }

  const field = (mark, kind, key, value) =>
    el("div", { class: kind }, el("dt", {}, el("span", { class: "mark", "aria-hidden": "true" }, mark),
      el("span", { class: "for-readers" }, kind), el("span", { class: "key" }, visible(key))), el("dd", {}, shown(value)));

  const fieldsOf = (record) => el("dl", { class: "fields" }, ...Object.entries(record).map(([key, value]) => field(" ", "", key, value)));

  /** What a stage added, changed and removed. */
  function difference(old, record) {
    const lines = [];
    for (const [key, value] of Object.entries(record)) {
      if (!Object.hasOwn(old, key)) lines.push(field("+", "added", key, value));
      else if (JSON.stringify(old[key]) !== JSON.stringify(value)) lines.push(field("~", "changed", key, value));
    }
    for (const [key, value] of Object.entries(old)) {
      if (!Object.hasOwn(record, key)) lines.push(field("−", "removed", key, value));
    }
    if (!lines.length) return el("div", { class: "soft" }, "the record is as before");
    return el("dl", { class: "fields" }, ...lines);
  }

  at("tail-form").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["tail-tag", "tail-text", "tail-after", "tail-rate"]) at(id).addEventListener("change", restartTail);
  at("tail-clear").addEventListener("click", restartTail);
  at("tail-pause").addEventListener("click", () => {
    isPaused = !isPaused;
    at("tail-pause").setAttribute("aria-pressed", isPaused);
    at("tail-pause").textContent = isPaused ? "Go on" : "Pause";
    tailState();
  });

  // MARK: - Grok playground

  let patterns = [];
  openers.grok = () => {
    if (patterns.length) return;
    ask("api/grok/patterns").then((answer) => { patterns = answer.patterns; }).catch(tell);
  };

  /** Text with parts marked: `[{start, end, class, title}]`, of which an inner one covers an outer one. */
  function marked(text, ranges) {
    const edges = [...new Set([0, text.length, ...ranges.flatMap((range) => [range.start, range.end])])].sort((a, b) => a - b);
    const out = document.createDocumentFragment();
    for (let index = 0; index + 1 < edges.length; index++) {
      const [start, end] = [edges[index], edges[index + 1]];
      const inner = ranges.filter((range) => range.start <= start && range.end >= end)
        .sort((a, b) => (a.end - a.start) - (b.end - b.start))[0];
      const part = visible(text.slice(start, end));
      out.append(inner ? el("mark", { class: inner.class, title: inner.title }, part) : part);
    }
    return out;
  }

  const grokBody = () => ({ expression: at("expression").value.replaceAll("\n", ""), lines: at("lines").value,
    definitions: at("definitions").value });
  const linesOf = (text) => text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");

  const match = afterTyping(250, async (isNew) => {
    const body = grokBody();
    at("section-box").hidden = true;
    if (!body.expression || !body.lines.trim()) {
      for (const id of ["matches", "explanation"]) at(id).replaceChildren();
      at("grok-state").textContent = "";
      at("expression-problem").hidden = true;
      return;
    }
    const answer = await ask("api/grok/match", body);
    if (!isNew()) return;
    tell(null);
    tellExpression(body.expression, answer.error);
    if (answer.error) return;
    const lines = linesOf(body.lines);
    const colours = new Map(answer.fields.map((name, index) => [name, "c" + (index % 8)]));
    at("matches").replaceChildren(...answer.lines.map((result, index) => lineItem(lines[index], result, colours)));
    const unmatched = answer.lines.findIndex((result) => !result.matched);
    at("grok-state").textContent = `${answer.matched} of ${plural(answer.lines.length, "line")} matched`
      + (answer.note ? `; ${answer.note}` : "");
    at("section-text").textContent = answer.section;
    at("section-box").hidden = false;
    at("explanation").replaceChildren();
    if (unmatched < 0) return;
    const why = await ask("api/grok/explain", { ...body, lines: lines[unmatched] });
    if (isNew()) at("explanation").replaceChildren(explanation(why, body.expression, lines[unmatched], unmatched + 1));
  });

  function tellExpression(expression, error) {
    at("expression-problem").hidden = !error;
    at("expression").setAttribute("aria-invalid", Boolean(error));
    if (!error) return;
    for (const id of ["matches", "explanation"]) at(id).replaceChildren();
    at("grok-state").textContent = "";
    const place = { start: error.start, end: Math.max(error.end, error.start), class: "stop" };
    at("expression-problem").replaceChildren(visible(error.message), error.hint ? el("div", {}, visible(error.hint)) : "",
      el("div", { class: "mono" }, marked(expression, [place])));
  }

  function lineItem(line, result, colours) {
    const item = el("li", { class: result.matched ? "" : "missed" });
    const ranges = (result.captures ?? []).map((capture) => ({ ...capture, class: colours.get(capture.field), title: capture.field }));
    item.append(el("div", { class: "line" }, marked(line, ranges)));
    if (!result.matched) item.append(el("div", { class: "bad" }, result.reason ?? "no match"));
    if (ranges.length) {
      item.append(el("dl", { class: "captures" }, ...ranges.map((capture) =>
        el("div", {}, el("dt", { class: capture.class }, visible(capture.field)), el("dd", {}, shown(capture.value))))));
    }
    return item;
  }

  function use(expression) {
    at("expression").value = expression;
    at("expression").focus();
    match();
  }

  function explanation(why, expression, line, lineNumber) {
    const card = el("div", { class: "card" }, el("h3", {}, `Where line ${lineNumber} stops`));
    if (why.error) {
      card.append(el("p", {}, visible(why.error.message)));
      return card;
    }
    if (!why.stops) {
      card.append(el("p", {}, why.note ?? "No element is to blame alone."));
      return card;
    }
    const stop = (range) => ({ ...range, end: Math.max(range.end, range.start), class: "stop", title: "here" });
    card.append(
      el("p", {}, "At ", el("code", {}, visible(why.stops.element || "the end of the expression")), why.stops.definition ? ` in ${why.stops.definition}` : "",
        " wanted: ", el("b", {}, visible(why.wanted)), "; found: ", el("code", {}, visible(why.found.text || "the end of the line"))),
      el("div", { class: "expression-text" }, marked(expression, [stop(why.stops)])),
      el("div", { class: "expression-text" }, marked(line, [stop(why.found)])));
    if (why.fixes.length) card.append(el("h3", {}, "With a small change the whole line matches"));
    for (const fix of why.fixes) {
      const text = fix.definition ? `${fix.definition.name} ${fix.definition.expression}` : fix.expression;
      const button = el("button", { type: "button", "aria-label": "Use: " + fix.advice }, "Use");
      button.addEventListener("click", () => {
        if (!fix.definition) return use(fix.expression);
        at("definitions").value += (at("definitions").value ? "\n" : "") + text;
        at("definitions").closest("details").open = true;
        match();
      });
      card.append(el("p", {}, visible(fix.advice), " ", button), el("div", { class: "expression-text" }, visible(text)));
    }
    for (const remark of why.remarks) card.append(el("p", { class: "soft" }, visible(remark)));
    if (why.cut_short) card.append(el("p", { class: "soft" }, "Some attempts took too long: there may be more to it."));
    return card;
  }

  at("suggest").addEventListener("click", async () => {
    at("grok-state").textContent = "Looking at the lines…";
    try {
      const answer = await ask("api/grok/suggest", { lines: at("lines").value });
      tell(null);
      at("grok-state").textContent = `${plural(answer.patterns.length, "proposal")} for ${answer.covered} of ${plural(answer.lines, "line")}`;
      at("suggestions").replaceChildren(...answer.patterns.map(proposal), ...answer.notes.map((note) => el("p", { class: "soft" }, visible(note))));
      if (answer.configuration) {
        at("section-text").textContent = answer.configuration;
        at("section-box").hidden = false;
      }
      if (!at("expression").value && answer.patterns[0]?.pattern) use(answer.patterns[0].pattern);
    } catch (problem) {
      tell(problem);
    }
  });

  function proposal(pattern) {
    const card = el("div", { class: "card" }, el("h3", {}, visible(`${pattern.title ?? pattern.type}: ${plural(pattern.lines, "line")}`)));
    if (!pattern.pattern) return card;
    const button = el("button", { type: "button", "aria-label": "Use this expression" }, "Use");
    button.addEventListener("click", () => use(pattern.pattern));
    card.append(el("div", { class: "expression-text" }, visible(pattern.pattern)), button);
    return card;
  }

  at("section-copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(at("section-text").textContent);
      at("grok-state").textContent = "copied";
    } catch {
      // Not every browser lets a page of plain HTTP do it.
      getSelection().selectAllChildren(at("section-text"));
      at("grok-state").textContent = "selected: copy it with the keyboard";
    }
  });

  // Completion: a list below the field, chosen with the arrow keys while the field keeps the focus.
  const mostNames = 12;
  let chosen = -1;

  function wantedName() {
    const before = at("expression").value.slice(0, at("expression").selectionStart);
    return before.match(/%\{(\w*)$/)?.[1];
  }

  function complete() {
    const wanted = wantedName();
    const found = wanted === undefined ? [] : patterns
      .filter((pattern) => pattern.name.toUpperCase().includes(wanted.toUpperCase()))
      .sort((a, b) => rank(a.name, wanted) - rank(b.name, wanted) || a.name.localeCompare(b.name)).slice(0, mostNames);
    at("names").replaceChildren(...found.map((pattern, index) => {
      const item = el("li", { role: "option", id: "name-" + index, "data-name": pattern.name, "aria-selected": "false" },
        pattern.name, el("span", { class: "soft" }, pattern.about ? "  " + pattern.about : ""));
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(pattern.name);
      });
      return item;
    }));
    at("names").hidden = !found.length;
    choose(found.length ? 0 : -1);
  }
  const rank = (name, wanted) => (name === wanted.toUpperCase() ? 0 : name.startsWith(wanted.toUpperCase()) ? 1 : 2);

  function choose(index) {
    chosen = index;
    [...at("names").children].forEach((item, other) => item.setAttribute("aria-selected", other === index));
    const item = at("names").children[index];
    if (item) {
      at("expression").setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else {
      at("expression").removeAttribute("aria-activedescendant");
    }
  }

  function take(name) {
    const input = at("expression");
    const place = input.selectionStart;
    const start = place - wantedName().length;
    const rest = input.value.slice(place);
    const closing = /^[}:]/.test(rest) ? "" : "}";
    input.value = input.value.slice(0, start) + name + closing + rest;
    // In front of the brace, where ":field" is typed next.
    input.setSelectionRange(start + name.length, start + name.length);
    closeNames();
    match();
  }

  function closeNames() {
    at("names").hidden = true;
    choose(-1);
  }

  at("expression").addEventListener("input", () => {
    complete();
    match();
  });
  at("expression").addEventListener("keydown", (event) => {
    const count = at("names").children.length;
    if (at("names").hidden || !count) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen + count - 1) % count);
    else if (event.key === "Enter") take(at("names").children[chosen].dataset.name);
    else if (event.key === "Escape") closeNames();
    else return;
    event.preventDefault();
  });
  at("expression").addEventListener("blur", closeNames);
  for (const id of ["lines", "definitions"]) at(id).addEventListener("input", match);

  // MARK: - Dead letters

  async function lookAtLetters() {
    try {
      const [answer, replay] = await Promise.all([ask("api/dead-letters"), ask("api/replay")]);
      tell(null);
      tellReplay(replay, answer.reasons);
      at("letters-state").textContent = answer.note
        ?? (answer.events ? `${plural(answer.events, "event")}, ${plural(answer.reasons.length, "reason")}` : "There are none.");
      at("reasons").replaceChildren(...answer.reasons.map((group) => reasonCard(group, replay, answer.reasons)));
    } catch (problem) {
      tell(problem);
    }
  }

  function tellReplay(replay, reasons) {
    const { output, sent, settled, running, problem } = replay;
    const done = output && `${number(settled)} of ${plural(sent, "event")} for ${output} ${running ? "so far " : ""}taken again`;
    at("replay-state").replaceChildren(visible([done, problem].filter(Boolean).join("; ")));
    if (running) setTimeout(() => { if (current === "letters") lookAtLetters(); }, 1000);
    const outputs = [...new Set(reasons.map((group) => group.output).filter(Boolean))];
    at("replays").replaceChildren(...(replay.allowed ? outputs : []).map(
      (name) => replayButton(`Send those of ${name} again`, { output: name }, replay, reasons)));
  }

  // All texts, as a question of this page is.
  function replayButton(words, wish, replay, reasons) {
    const button = el("button", { type: "button", disabled: replay.running }, visible(words));
    button.addEventListener("click", async () => {
      try {
        button.disabled = true;
        tellReplay(await ask("api/replay", wish), reasons);
      } catch (problem) {
        tell(problem);
        button.disabled = false;
      }
    });
    return button;
  }

  function reasonCard(group, replay, reasons) {
    const title = [plural(group.events, "event"), group.output, group.status || "", group.type].filter(Boolean).join("  ");
    const card = el("div", { class: "card" }, el("h3", {}, visible(title)), el("p", {}, visible(group.reason)));
    if (group.advice) card.append(el("p", { class: "good" }, visible(group.advice)));
    const times = group.first === group.last ? group.first : `${group.first} to ${group.last}`;
    card.append(el("p", { class: "soft" }, visible(`tags ${group.tags.join(", ")}; ${times}`)),
      el("pre", { tabindex: "0", "aria-label": "An example" }, visible(JSON.stringify(group.example, null, 2))));
    if (group.command) card.append(el("p", {}, "To send them again: ", el("code", {}, visible(group.command))));
    // With one reason alone the button above says the same.
    if (replay.allowed && group.output && reasons.filter((other) => other.output === group.output).length > 1) {
      const { output, type, reason } = group;
      card.append(replayButton(
        `Send only these ${plural(group.events, "event")} again`, { output, type, reason, status: String(group.status) },
        replay, reasons));
    }
    return card;
  }
  openers.letters = lookAtLetters;
  at("letters-again").addEventListener("click", lookAtLetters);

  // MARK: - Check

  at("check-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = at("configuration").value;
    try {
      const answer = await ask("api/check", { configuration: text });
      tell(null);
      at("check-state").textContent = answer.ok && !answer.warnings ? "Nothing is wrong with it."
        : `${plural(answer.errors, "error")}, ${plural(answer.warnings, "warning")}`;
      at("findings").replaceChildren(...answer.diagnostics.map(finding));
      at("checked").replaceChildren(source(text, answer.diagnostics));
    } catch (problem) {
      tell(problem);
    }
  });
  at("configuration").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("check-form").requestSubmit();
  });

  function finding(said) {
    const link = el("a", { href: "#line-" + said.line }, `line ${said.line}, column ${said.column}`);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      at("line-" + said.line)?.focus();
    });
    return el("li", { class: said.severity }, el("b", {}, said.severity), " ", link, ": ", visible(said.message),
      said.hint ? el("div", { class: "soft" }, visible(said.hint)) : null);
  }

  function source(text, diagnostics) {
    const items = [];
    text.split("\n").forEach((line, index) => {
      const here = diagnostics.filter((said) => said.line === index + 1);
      items.push(el("li", { id: "line-" + (index + 1), tabindex: "-1", class: here[0]?.severity },
        el("span", { class: "at" }, String(index + 1)), el("pre", {}, visible(line))));
      for (const said of here) items.push(el("li", { class: "said " + said.severity }, visible(said.message)));
    });
    return el("ol", { class: "source", "aria-label": "The configuration with what was found" }, ...items);
  }

  showNamed();
})();
