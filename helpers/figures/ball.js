// A ball painted by which token wins at each point, with a ruler that slides from nearest point to direction alone.
//
// One module for two homes: a notebook's cell (live.py) and a page without a kernel (data/ball.html). No request leaves
// it. What it is given: {radius, choose, ordered, scenes: [{name, marks, signs, texts, tokens, nulls, mean, away}]}.
// Tokens have {names, p, size, along, hue, says, rest}: p holds three coordinates of each target u in the frame (right,
// up, towards you), size its ‖u‖, along its u · mean, says the winner at each mark, and rest, five numbers a group, the
// mean, count and spread of those that never win. A state is radius times a direction of the ball.

const HUES = ["#77AADD", "#EE8866", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"];
const GREYS = ["#DDDDDD", "#C4C4C4", "#EDEDED", "#D0D0D0"];
const REST = [200, 200, 200]; // what never wins
const WHITE = [255, 255, 255];
const SIDE = 400; // of the ball, in CSS pixels
const EDGE = 12; // around it, for the half of a mark that stands on its rim
const FRONT = [1, 0, 0, 0, 1, 0, 0, 0, 1];

// ---------------------------------------------------------------------------------------------- who wins where?

// The score of each target at a direction (x, y, z) is a·x + b·y + c·z + d; its a, b, c, d, target after target.
// alpha is the power to which size counts (1: dot product, 0: cosine), beta the share of ‖u‖²/2 that is taken off
// (1: as nearest point does, since ‖z − u‖² = ‖z‖² − 2 (z·u − ‖u‖²/2); 1/s: as it does for states s times as far out).
// slid says how far the origin has gone to the mean, from 0 to 1: u becomes u − slid · mean.
export function scores(scene, tokens, radius, { alpha = 1, beta = 0, slid = 0 } = {}) {
  const count = tokens.size.length, rows = new Float32Array(4 * count), mean = scene.mean ?? [0, 0, 0];
  const along = tokens.along ?? [], away = scene.away ?? 0;
  for (let i = 0; i < count; i++) {
    const square = tokens.size[i] ** 2 - 2 * slid * (along[i] ?? 0) + (slid * away) ** 2;
    const factor = radius * square ** ((alpha - 1) / 2);
    for (let k = 0; k < 3; k++) rows[4 * i + k] = factor * (tokens.p[3 * i + k] - slid * mean[k]);
    rows[4 * i + 3] = (-beta * square) / 2;
  }
  return rows;
}

// The slider's place, from −1 (nearest point) by 0 (dot product: the model) to 1 (direction alone).
export const ruler = (place) => ({ alpha: Math.min(1, 1 - place), beta: Math.max(0, -place) });

export function score(rows, i, x, y, z) {
  return rows[4 * i] * x + rows[4 * i + 1] * y + rows[4 * i + 2] * z + rows[4 * i + 3];
}

// The target with the largest score: among all, or among some.
export function winner(rows, x, y, z, among) {
  const count = among ? among.length : rows.length / 4;
  let best = -Infinity, who = -1;
  for (let n = 0; n < count; n++) {
    const i = among ? among[n] : n, s = score(rows, i, x, y, z);
    if (s > best) {
      best = s;
      who = i;
    }
  }
  return who;
}

// The probability of each target at a direction, by the model's own scores, and last that of all that never win.
export function chances(tokens, radius, [x, y, z], T) {
  const rows = scores({}, tokens, radius), count = tokens.size.length, found = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) found[i] = score(rows, i, x, y, z) / T;
  const top = Math.max(...found.subarray(0, count));
  for (let i = 0; i < count; i++) found[i] = Math.exp(found[i] - top);
  for (const [a, b, c, size, spread] of groups(tokens)) {
    const middle = (radius * (a * x + b * y + c * z)) / T - top;
    found[count] += size * Math.exp(middle) * Math.cosh((radius * Math.sqrt(spread)) / T);
  }
  const all = found.reduce((sum, value) => sum + value);
  return found.map((value) => value / all);
}

const groups = (tokens) => Array.from({ length: (tokens.rest ?? []).length / 5 }, (_, k) => tokens.rest.slice(5 * k, 5 * k + 5));

// ---------------------------------------------------------------------------------------------- turning

export const times = (A, B) => FRONT.map((_, n) => [0, 1, 2].reduce((sum, k) => sum + A[n - (n % 3) + k] * B[3 * k + (n % 3)], 0));
export const apply = (R, v) => [0, 1, 2].map((k) => R[3 * k] * v[0] + R[3 * k + 1] * v[1] + R[3 * k + 2] * v[2]);
export const back = (R, v) => [0, 1, 2].map((k) => R[k] * v[0] + R[3 + k] * v[1] + R[6 + k] * v[2]);

// The rotation that carries what faces you to the right and up by these angles, in radians.
export function turn(right, up) {
  const [a, b, c, d] = [Math.cos(right), Math.sin(right), Math.cos(up), Math.sin(up)];
  return times([1, 0, 0, 0, c, d, 0, -d, c], [a, 0, b, 0, 1, 0, -b, 0, a]);
}

export function turned(rows, R) {
  const out = rows.slice();
  for (let i = 0; i < rows.length; i += 4) out.set(apply(R, rows.subarray(i, i + 3)), i);
  return out;
}

// ---------------------------------------------------------------------------------------------- pixels

// A disc of size × size pixels, seen as the near half of a ball, lit from the upper left.
export class Disc {
  constructor(size) {
    this.size = size;
    this.at = Float32Array.from({ length: size }, (_, k) => (2 * k) / (size - 1) - 1);
    [this.depth, this.light, this.shine] = [0, 0, 0].map(() => new Float32Array(size * size));
    this.ids = new Int16Array(size * size);
    for (let k = 0; k < size * size; k++) {
      const x = this.at[k % size], y = -this.at[(k / size) | 0], square = 1 - x * x - y * y;
      this.depth[k] = square < 0 ? -1 : Math.sqrt(square);
      const facing = Math.min(1, Math.max(0, -0.45 * x + 0.55 * y + 0.7 * Math.max(0, this.depth[k])));
      this.light[k] = 1 - 0.22 * (1 - facing) ** 1.2;
      this.shine[k] = 0.4 * facing ** 18;
    }
  }

  // A point of the grid as a direction; outside the disc, the nearest on its rim.
  direction(column, row) {
    const x = this.at[column], y = -this.at[row], square = 1 - x * x - y * y, out = Math.sqrt(x * x + y * y);
    return square < 0 ? [x / out, y / out, 0] : [x, y, Math.sqrt(square)];
  }

  // Who wins at each pixel, −1 outside. All targets compete at the corners of blocks of pixels, and inside a block those
  // who won at its corners; where these differ, those of the blocks around it, too.
  paint(rows, block) {
    const { size, ids, at, depth } = this, last = size - 1, cells = Math.ceil(last / block), wide = cells + 1;
    const corner = new Int16Array(wide * wide);
    for (let n = 0; n < corner.length; n++) {
      const column = Math.min((n % wide) * block, last), row = Math.min(((n / wide) | 0) * block, last);
      const [x, y, z] = this.direction(column, row);
      corner[n] = winner(rows, x, y, z);
    }
    for (let n = 0; n < cells * cells; n++) {
      const i = (n / cells) | 0, j = n % cells, few = [];
      const ask = (from, to) => {
        for (let r = Math.max(0, i + from); r <= Math.min(cells, i + to); r++)
          for (let c = Math.max(0, j + from); c <= Math.min(cells, j + to); c++)
            if (!few.includes(corner[r * wide + c])) few.push(corner[r * wide + c]);
      };
      ask(0, 1);
      if (few.length > 1) ask(-1, 2);
      for (let r = i * block; r < (i + 1 < cells ? (i + 1) * block : size); r++)
        for (let c = j * block; c < (j + 1 < cells ? (j + 1) * block : size); c++) {
          const k = r * size + c;
          ids[k] = depth[k] < 0 ? -1 : few.length === 1 ? few[0] : winner(rows, at[c], -at[r], depth[k], few);
        }
    }
    return ids;
  }

  // Whether a neighbour of a pixel belongs to somebody else. (No pixel of the disc is at the picture's edge.)
  border(k) {
    const { ids, size } = this, own = ids[k], left = ids[k - 1], right = ids[k + 1], up = ids[k - size], down = ids[k + size];
    return (left > -1 && left !== own) || (right > -1 && right !== own) || (up > -1 && up !== own) || (down > -1 && down !== own);
  }
}

// The hues mixed by probability, at every point of a coarse grid: three numbers each.
export function mixture(disc, tokens, radius, R, T, hues) {
  const own = turned(scores({}, tokens, radius), R), count = own.length / 4, terms = new Float32Array(count), others = groups(tokens);
  const rest = turned(Float32Array.from(others.flatMap(([a, b, c]) => [radius * a, radius * b, radius * c, 0])), R);
  const weights = Float64Array.from(others, ([, , , size, spread]) => size * Math.cosh((radius * Math.sqrt(spread)) / T));
  const out = new Float32Array(3 * disc.size ** 2), [greyRed, greyGreen, greyBlue] = REST;
  for (let k = 0; k < disc.size ** 2; k++) {
    const column = k % disc.size, row = (k / disc.size) | 0;
    if (disc.at[column] ** 2 + disc.at[row] ** 2 > 1.3) continue; // no pixel of the ball asks for it
    const [x, y, z] = disc.direction(column, row);
    let top = -Infinity, red = 0, green = 0, blue = 0, all = 0;
    for (let i = 0; i < count; i++) if ((terms[i] = score(own, i, x, y, z)) > top) top = terms[i];
    for (let i = 0; i < count; i++) {
      if (terms[i] < top - 9 * T) continue; // less than 1 in 8,000
      const weight = Math.exp((terms[i] - top) / T), hue = hues[i];
      all += weight;
      red += weight * hue[0];
      green += weight * hue[1];
      blue += weight * hue[2];
    }
    for (let i = 0; i < weights.length; i++) {
      const s = score(rest, i, x, y, z);
      if (s < top - 12 * T) continue;
      const weight = weights[i] * Math.exp((s - top) / T);
      all += weight;
      red += weight * greyRed;
      green += weight * greyGreen;
      blue += weight * greyBlue;
    }
    out[3 * k] = red / all;
    out[3 * k + 1] = green / all;
    out[3 * k + 2] = blue / all;
  }
  return out;
}

// A pixel of a finer grid, between four points of the coarse one, by how near each is.
function blend(coarse, size, pixel, fine, out) {
  const u = ((pixel % fine) / (fine - 1)) * (size - 1), v = (((pixel / fine) | 0) / (fine - 1)) * (size - 1);
  const column = Math.min(size - 2, u | 0), row = Math.min(size - 2, v | 0), x = u - column, y = v - row;
  for (let n = 0, k = 3 * (row * size + column), below = k + 3 * size; n < 3; n++, k++, below++)
    out[n] = (1 - y) * ((1 - x) * coarse[k] + x * coarse[k + 3]) + y * ((1 - x) * coarse[below] + x * coarse[below + 3]);
  return out;
}

// ---------------------------------------------------------------------------------------------- the picture

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.discs = new Map();
  }

  disc(size) {
    if (!this.discs.has(size)) this.discs.set(size, new Disc(size));
    return this.discs.get(size);
  }

  // In motion, fewer pixels: one for each of the page's.
  draw({ scene, tokens, radius, place, slid, T, R }, moving) {
    const size = moving ? SIDE : 2 * SIDE, disc = this.disc(size), context = this.context;
    const scale = size / SIDE, edge = EDGE * scale;
    if (this.canvas.width !== size + 2 * edge) {
      this.canvas.width = this.canvas.height = size + 2 * edge;
      this.image = context.createImageData(size, size);
    }
    context.clearRect(0, 0, this.canvas.width, this.canvas.width);
    const hues = tokens.hue.map((n) => colour(n < HUES.length ? HUES[n] : GREYS[n % GREYS.length]));
    disc.paint(turned(scores(scene, tokens, radius, { ...ruler(place), slid }), R), moving ? 12 : 8);
    this.fill(disc, hues, T && place === 0 ? { T, R, tokens, radius, grid: this.disc(moving ? 18 : 100) } : null);
    context.putImageData(this.image, edge, edge);
    context.setTransform(scale, 0, 0, scale, edge, edge);
    context.beginPath();
    context.arc(SIDE / 2, SIDE / 2, SIDE / 2 - 0.8, 0, 7);
    Object.assign(context, { strokeStyle: "#555555", lineWidth: 1.6 });
    context.stroke();
    const spots = scene.marks.map((mark) => apply(R, mark)).map(([x, y, z]) => [((1 + x) * SIDE) / 2, ((1 - y) * SIDE) / 2, z]);
    this.names(disc, tokens.names, spots);
    const order = spots.map((_, n) => n).sort((n, m) => spots[n][2] - spots[m][2]); // the nearest last
    order.forEach((n) => this.mark(spots[n], scene.signs[n]));
    context.resetTransform();
  }

  fill(disc, hues, soft) {
    const { size, ids, light, shine } = disc, pixels = this.image.data, mixed = [0, 0, 0];
    const coarse = soft && mixture(soft.grid, soft.tokens, soft.radius, soft.R, soft.T, hues);
    for (let k = 0, j = 0; k < ids.length; k++, j += 4) {
      pixels[j + 3] = ids[k] < 0 ? 0 : 255;
      if (ids[k] < 0) continue;
      const hue = soft ? blend(coarse, soft.grid.size, k, size, mixed) : disc.border(k) ? WHITE : hues[ids[k]];
      const kept = light[k] * (1 - shine[k]), over = 255 * shine[k];
      pixels[j] = hue[0] * kept + over;
      pixels[j + 1] = hue[1] * kept + over;
      pixels[j + 2] = hue[2] * kept + over;
    }
  }

  // The names of the larger areas, each in its area's middle or nearest to it where no mark stands.
  names(disc, names, spots) {
    const areas = new Map(), step = disc.size / 50, placed = [];
    for (let r = step / 2; r < disc.size; r += step)
      for (let c = step / 2; c < disc.size; c += step) {
        const id = disc.ids[(r | 0) * disc.size + (c | 0)];
        if (!areas.has(id)) areas.set(id, []);
        areas.get(id).push([(c * SIDE) / disc.size, (r * SIDE) / disc.size]);
      }
    areas.delete(-1);
    for (const [id, points] of [...areas].sort((one, other) => other[1].length - one[1].length)) {
      const share = points.length / (Math.PI * 25 ** 2), size = Math.min(16, Math.max(11, 7 + 30 * Math.sqrt(share)));
      if (share < 0.012) break;
      const half = 0.29 * size * [...names[id]].length, middle = [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
      const hidden = ([x, y]) => spots.some(([a, b, z]) => z >= 0 && Math.abs(a - x) < half + 14 && Math.abs(b - y) < 20);
      const off = (point) => Math.hypot(point[0] - middle[0], point[1] - middle[1]) + 999 * hidden(point);
      const [x, y] = points.reduce((best, point) => (off(point) < off(best) ? point : best));
      const outside = Math.hypot(Math.abs(x - SIDE / 2) + half, y - SIDE / 2) > SIDE / 2;
      if (outside || placed.some(([a, b, h]) => Math.abs(a - x) < h + half && Math.abs(b - y) < 16)) continue;
      placed.push([x, y, half]);
      this.text(names[id], x, y, `${size}px`);
    }
  }

  text(text, x, y, font, ink = "#000", halo = "#fff") {
    const style = { font: `${font} system-ui, "DejaVu Sans", sans-serif`, textAlign: "center", textBaseline: "middle" };
    Object.assign(this.context, style, { lineJoin: "round", lineWidth: 3.5, strokeStyle: halo, fillStyle: ink });
    if (halo) this.context.strokeText(text, x, y);
    this.context.fillText(text, x, y);
  }

  // A state: black on the near side, hollow behind the ball.
  mark([x, y, z], sign) {
    const [inner, outer] = z >= 0 ? ["#000", "#fff"] : ["#ffffffcc", "#000"];
    this.context.beginPath();
    this.context.arc(x, y, 10, 0, 7);
    Object.assign(this.context, { fillStyle: inner, strokeStyle: outer, lineWidth: 1.5 });
    this.context.fill();
    this.context.stroke();
    this.text(sign, x, y + 0.5, "bold 12px", outer, null);
  }
}

const colour = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

// ---------------------------------------------------------------------------------------------- the controls

const STYLE = `
.ball { font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; max-width: 760px; display: flex; flex-wrap: wrap; gap: 18px; align-items: flex-start }
.ball canvas { width: calc(100% - 10px); aspect-ratio: 1; touch-action: none; cursor: grab; border-radius: 20px }
.ball :focus-visible { outline: 3px solid #4477AA; outline-offset: 2px }
.ball .shown { flex: 1 1 320px; min-width: 0; max-width: ${SIDE + 2 * EDGE + 10}px }
.ball .side { flex: 1 1 250px; min-width: 240px }
.ball label > span:first-child { display: flex; align-items: flex-end; min-height: 2.9em } /* or what is under it moves */
.ball input[type=checkbox] { width: 20px; height: 20px; vertical-align: middle }
.ball label, .ball fieldset { display: block; margin: 0 0 10px; border: 0; padding: 0 }
.ball input[type=range] { width: 100%; height: 24px; margin: 0 }
.ball :disabled { opacity: .4 }
.ball select { font: inherit; max-width: 100% }
.ball button { font: inherit; padding: 4px 8px; margin: 0 4px 6px 0; font-size: 13px; border: 1px solid currentColor; border-radius: 6px; background: none; color: inherit; cursor: pointer }
.ball button[aria-pressed=true] { background: #2F5F8F; border-color: #2F5F8F; color: #fff }
.ball ol { list-style: none; margin: 8px 0; padding: 0 }
.ball li { margin: 3px 0; padding-left: 26px; text-indent: -26px }
.ball li b { display: inline-block; width: 19px; margin-right: 7px; border-radius: 50%; background: #000; color: #fff; font-size: 12px; line-height: 19px; text-align: center; text-indent: 0; box-shadow: 0 0 0 1px #fff }
.ball .here { min-height: 3em }
.ball small { display: block; font-size: 12px; line-height: 1.4 }`;

const STOPS = [[-1, "nearest point"], [0, "the model"], [1, "direction alone"]];

// What the ruler's slider means where it stands.
export function spoken(place, middle = "the model") {
  if (place === 0) return middle;
  const stop = STOPS.find(([at]) => at === place);
  if (stop) return stop[1];
  return place < 0 ? `nearest point, were the state ${(-1 / place).toPrecision(3)} times as far out` : `size counts to the power ${(1 - place).toFixed(2)}`;
}

// A probability in percent; what is not certain is not rounded to it.
const percent = (p) => (p < 0.005 ? "< 1\u00a0%" : p > 0.995 ? "> 99\u00a0%" : `${Math.round(100 * p)}\u00a0%`);

// Who wins at a direction, and by how much, in the ruler's own unit.
export function lead(scene, tokens, radius, { place, slid, T }, direction) {
  const rows = scores(scene, tokens, radius, { ...ruler(place), slid }), first = winner(rows, ...direction);
  const others = tokens.size.map((_, i) => i).filter((i) => i !== first), second = winner(rows, ...direction, others);
  const [name, next] = [first, second].map((i) => `“${tokens.names[i]}”`), [one, two] = [first, second].map((i) => score(rows, i, ...direction));
  if (place === 0) {
    const share = T ? `; ${percent(chances(tokens, radius, direction, T)[first])} at temperature ${T}` : "";
    return `${name}, ${(one - two).toFixed(1)} logits ahead of ${next}${share}`;
  }
  const distance = (s) => Math.sqrt(radius ** 2 - 2 * s).toFixed(1), angle = (s) => `${((Math.acos(s / radius) * 180) / Math.PI).toFixed(1)}°`;
  if (place === -1) return `${name}, at distance ${distance(one)}; next ${next}, at ${distance(two)}`;
  return place === 1 ? `${name}, ${angle(one)} away; next ${next}, ${angle(two)} away` : `${name}, ahead of ${next}`;
}

function element(kind, parent, traits = {}, attributes = {}) {
  const made = Object.assign(parent.ownerDocument.createElement(kind), traits);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  parent.append(made);
  return made;
}

// A range input under its name and value, both said by the input itself.
function range(parent, name, min, max, step, ends = []) {
  const label = element("label", parent), head = element("span", label, {}, { "aria-hidden": true });
  const input = element("input", label, { type: "range" }, { min, max, step, value: 0, "aria-label": name });
  input.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrow keys for its own
  if (ends.length) element("small", label, { textContent: ends.join(" ↔ ") }, { "aria-hidden": true });
  const say = (value) => {
    head.textContent = `${name}: ${value}`;
    input.setAttribute("aria-valuetext", value);
  };
  return { input, say };
}

function render({ model, el }) {
  const data = model.get("data"), state = { n: data.ordered ? data.scenes.length - 1 : 0, place: 0, slid: 0, T: 0, R: FRONT, chance: false };
  const root = element("div", el, { className: "ball" });
  element("style", root, { textContent: STYLE });
  const shown = element("div", root, { className: "shown" });
  const canvas = element("canvas", shown, { tabIndex: 0 }, { role: "application", "aria-roledescription": "ball that turns" });
  canvas.dataset.lmSuppressShortcuts = "true";
  const side = element("div", root, { className: "side" }), picture = new Picture(canvas);

  const scene = () => data.scenes[state.n];
  const tokens = () => (state.chance ? scene().nulls : scene().tokens);
  const slid = () => (state.chance ? 0 : state.slid); // those who win by chance are known from zero only
  const now = () => ({ ...state, slid: slid(), scene: scene(), tokens: tokens(), radius: data.radius });
  const held = () => {
    const rows = scores(scene(), tokens(), data.radius, { ...ruler(state.place), slid: slid() });
    return scene().marks.map((mark) => winner(rows, ...mark));
  };

  // Drawn once a frame, coarsely while something moves, finely once it rests.
  let asked = 0, rest = 0, gliding = 0;
  const view = el.ownerDocument.defaultView;
  const paint = (moving = true) => {
    view.clearTimeout(rest);
    if (moving) rest = view.setTimeout(() => paint(false), 160);
    asked ||= view.requestAnimationFrame(() => {
      asked = 0;
      picture.draw(now(), moving);
    });
  };

  // ---- what is on it, by which ruler, from where
  const named = data.choose[0].toUpperCase() + data.choose.slice(1);
  let chooser;
  if (data.ordered) {
    chooser = range(side, named, 0, data.scenes.length - 1, 1);
    chooser.input.addEventListener("input", () => change({ n: Number(chooser.input.value) }));
  } else if (data.scenes.length > 1) {
    const label = element("label", side, { textContent: `${named}: ` });
    chooser = { input: element("select", label), say: () => {} };
    data.scenes.forEach(({ name }, n) => element("option", chooser.input, { value: n, textContent: name }));
    chooser.input.addEventListener("change", () => change({ n: Number(chooser.input.value), R: FRONT }));
  }
  const buttons = element("fieldset", side, {}, { "aria-label": "Ruler" });
  const stops = STOPS.map(([place, name]) => {
    const button = element("button", buttons, { type: "button", textContent: name });
    button.addEventListener("click", () => glide(place));
    return button;
  });
  const by = range(side, "Ruler", -1, 1, 0.02);
  by.input.addEventListener("input", () => {
    gliding++; // whoever takes the slider has it
    change({ place: Number(by.input.value) });
  });
  const from = data.scenes[0].mean && range(side, "Origin", 0, 1, 0.02, ["zero", "the mean of all targets"]);
  from?.input.addEventListener("input", () => change({ slid: Number(from.input.value) }));
  const heat = range(side, "Temperature", 0, 3, 0.05);
  heat.input.addEventListener("input", () => change({ T: Number(heat.input.value) }));
  let box;
  if (data.scenes[0].nulls) {
    const label = element("label", side);
    box = element("input", label, { type: "checkbox" });
    label.append(" Random directions of the same sizes, for comparison");
    box.addEventListener("change", () => change({ chance: box.checked }));
  }
  const list = element("ol", shown, {}, { "aria-live": "polite" }), sentence = element("p", shown, {}, { role: "status" });
  const here = element("p", shown, { className: "here" }, { role: "status" });
  const facing = element("button", side, { type: "button", textContent: "Turn to the front" });
  facing.addEventListener("click", () => change({ R: FRONT }));
  element("small", side, { textContent: "Each area is named after the token that wins there. Eight have colours, first those that hold a state, then the largest; all others are grey. White dots are behind the ball. ✓: the model’s own choice; for random directions, the dot product’s." });

  // From one stop to another in half a second, or at once for whoever wants no motion.
  function glide(to) {
    const start = state.place, since = view.performance.now(), mine = ++gliding;
    const calm = view.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (time) => {
      if (mine !== gliding) return;
      const part = calm ? 1 : Math.min(1, Math.max(0, time - since) / 500), eased = part * part * (3 - 2 * part);
      change({ place: part === 1 ? to : start + (to - start) * eased });
      if (part < 1) view.requestAnimationFrame(step);
    };
    step(since);
  }

  function change(what) {
    Object.assign(state, what);
    if ("n" in what || "chance" in what) question = null;
    say();
    tell();
    paint();
  }

  function say() {
    const { n, place, T, chance } = state, { name, texts, signs, away, nulls } = scene(), own = tokens(), winners = held(), at = slid();
    const middle = chance ? "dot product" : STOPS[1][1], measured = spoken(place, middle);
    const put = (node, text) => node.textContent === text || (node.textContent = text); // said again only where it is new
    const set = (control, value, text) => {
      if (!control) return;
      control.input.value = value;
      control.say(text);
    };
    set(chooser, n, name);
    set(by, place, measured);
    stops.forEach((button, k) => button.setAttribute("aria-pressed", STOPS[k][0] === place));
    stops[1].textContent = middle;
    heat.input.disabled = place !== 0;
    set(heat, T, place !== 0 ? "off, only the model’s scores are probabilities" : T ? `${T}, colours mixed by probability` : "0, the winner takes all");
    if (from) {
      from.input.disabled = box.checked = chance;
      const part = at === 1 ? "the mean of all targets" : `${Math.round(100 * at)} % of the way to the mean`;
      set(from, at, at ? `${part}, ${(at * away).toFixed(1)} from zero` : chance ? `zero; the mean of these is only ${nulls.away.toFixed(2)} from it` : "zero");
    }
    const told = winners.map((who, n) => {
      const right = who === own.says[n];
      const sure = T && place === 0 ? ` ${percent(chances(own, data.radius, scene().marks[n], T)[who])}` : "";
      return `${own.names[who]}${right ? `\u00a0✓${sure}` : ` ✗ (${middle}: ${own.names[own.says[n]]})`}`;
    });
    if (texts) {
      while (list.children.length < texts.length) element("span", element("li", list));
      texts.forEach((text, n) => {
        const line = list.children[n].lastChild;
        if (!line.previousSibling) line.before(Object.assign(line.ownerDocument.createElement("b"), { textContent: signs[n] }));
        put(line, `${text} … ${told[n]}`);
      });
    } else put(sentence, `After ${winners.map((who, n) => `${signs[n]}: ${own.names[who]}`).join(", ")}.`);
    const spots = (texts ?? signs).map((text, n) => `after ${text}: ${own.names[winners[n]]}`);
    canvas.setAttribute("aria-label", `A ball painted by which token wins at each point, by ${measured}. ${spots.join("; ")}.`);
  }

  // ---- turning it, and asking it
  let question = null; // where somebody has pointed: what to call it, and its place in the picture
  function tell(...asks) {
    if (asks.length) question = asks;
    const [where, x, y] = question ?? [], square = 1 - x * x - y * y;
    if (!question) here.textContent = "Drag the ball, or move it with the arrow keys. Point or tap to see who wins there.";
    else if (square >= 0) here.textContent = `${where}: ${lead(scene(), tokens(), data.radius, now(), back(state.R, [x, y, Math.sqrt(square)]))}.`;
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect(), wide = 1 + (2 * EDGE) / SIDE;
    return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height].map((part) => wide * (2 * part - 1));
  };
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    grip = place(event);
    canvas.setPointerCapture(event.pointerId);
    tell("Here", ...grip);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (!grip) return tell("Here", ...at);
    state.R = times(turn(at[0] - grip[0], at[1] - grip[1]), state.R);
    grip = at;
    tell("Here", ...at);
    paint();
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (grip = null));
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], Home: [] }[event.key];
    if (!steps) return;
    event.preventDefault();
    event.stopPropagation();
    state.R = steps.length ? times(turn(...steps), state.R) : FRONT;
    paint();
    tell("In the middle", 0, 0);
  });

  say();
  tell();
  paint(false);
  el.ball = { state, change, picture, now }; // for a look from outside
  return () => view.clearTimeout(rest);
}

export default { render };
