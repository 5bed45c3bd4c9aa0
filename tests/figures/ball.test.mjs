// The ball's module alone: `node --test tests/figures`. What a browser has to do with it, tests/slow/test_ball.py tries.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf-8");
const ball = await import(`data:text/javascript,${encodeURIComponent(read("helpers/figures/ball.js"))}`);
const { radius, scenes } = JSON.parse(read("data/results/ball.json"));
const scene = scenes[1], tokens = scene.tokens;
const PLACES = [-1, -0.4, 0, 0.6, 1];

// Directions that are the same on every run (a golden-angle spiral).
const directions = Array.from({ length: 500 }, (_, n) => {
  const z = 1 - (2 * n + 1) / 500, flat = Math.sqrt(1 - z * z), turn = n * Math.PI * (3 - Math.sqrt(5));
  return [flat * Math.cos(turn), flat * Math.sin(turn), z];
});
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const target = (i, slid) => [0, 1, 2].map((k) => tokens.p[3 * i + k] - slid * scene.mean[k]);
const size = (i, slid) => Math.sqrt(tokens.size[i] ** 2 - 2 * slid * tokens.along[i] + (slid * scene.away) ** 2);
const best = (score) => tokens.size.map((_, i) => i).reduce((one, other) => (score(other) > score(one) ? other : one));

test("the slider's ends and its middle are nearest point, dot product and cosine, from any origin", () => {
  for (const slid of [0, 0.5, 1]) {
    const along = (x) => (i) => radius * dot(x, target(i, slid));
    const rulers = {
      "-1": (x) => (i) => -Math.sqrt(radius ** 2 - 2 * along(x)(i) + size(i, slid) ** 2), // −‖z − u‖
      0: along,
      1: (x) => (i) => along(x)(i) / size(i, slid),
    };
    for (const [place, ruled] of Object.entries(rulers)) {
      const rows = ball.scores(scene, tokens, radius, { ...ball.ruler(Number(place)), slid });
      const off = directions.filter((x) => ball.winner(rows, ...x) !== best(ruled(x)));
      assert.ok(off.length <= 1, `${off.length} of 500 differ at ${place}, origin ${slid}`); // float32, at a border
    }
  }
});

test("between nearest point and the model it is the distance to a state further out", () => {
  const rows = ball.scores(scene, tokens, radius, ball.ruler(-0.25)), far = 4 * radius; // 1 / 0.25 times
  const nearest = (x) => (i) => -(far ** 2 - 2 * far * dot(x, target(i, 0)) + size(i, 0) ** 2);
  assert.ok(directions.filter((x) => ball.winner(rows, ...x) !== best(nearest(x))).length <= 1);
  assert.match(ball.spoken(-0.25), /4\.00 times as far out/);
});

test("sliding the origin changes no winner of the model, and some of the others", () => {
  const [still, moved] = [0, 1].map((slid) => PLACES.map((place) => {
    const rows = ball.scores(scene, tokens, radius, { ...ball.ruler(place), slid });
    return directions.map((x) => ball.winner(rows, ...x));
  }));
  const changed = still.map((row, n) => row.filter((who, k) => who !== moved[n][k]).length);
  assert.ok(changed[2] <= 1 && Math.min(changed[0], changed[4]) > 50, changed.join());
});

test("a disc is painted as if every target competed at each pixel, but for slivers narrower than a block", () => {
  const disc = new ball.Disc(400), R = ball.turn(0.4, -0.3);
  for (const place of PLACES) {
    const rows = ball.turned(ball.scores(scene, tokens, radius, ball.ruler(place)), R), ids = disc.paint(rows, 8);
    const off = ids.filter((who, k) => who >= 0 && who !== ball.winner(rows, ...disc.direction(k % 400, Math.floor(k / 400))));
    assert.ok(off.length < 0.001 * Math.PI * 200 ** 2, `${off.length} pixels at ${place}`);
  }
});

test("probabilities are those of all tokens: they sum to one, and a low temperature leaves the winner", () => {
  const own = [0.993, 0.876, 0.264]; // the model's, by run.top(1)
  scene.marks.forEach((mark, n) => {
    const p = ball.chances(tokens, radius, mark, 1);
    assert.ok(Math.abs(p[tokens.says[n]] - own[n]) < 0.01);
    assert.ok(Math.abs(p.reduce((sum, value) => sum + value) - 1) < 1e-9);
    assert.equal(p.indexOf(Math.max(...p.slice(0, -1))), tokens.says[n]);
    assert.ok(ball.chances(tokens, radius, mark, 0.05)[tokens.says[n]] > 0.99);
  });
});

test("a turn is a rotation, and back undoes it", () => {
  const R = ball.times(ball.turn(0.3, 0.8), ball.turn(-1, 0.2)), x = [0.36, 0.48, 0.8];
  assert.ok(Math.abs(dot(ball.apply(R, x), ball.apply(R, x)) - 1) < 1e-12);
  ball.back(R, ball.apply(R, x)).forEach((value, k) => assert.ok(Math.abs(value - x[k]) < 1e-12));
  assert.ok(ball.apply(ball.turn(0.1, 0), [0, 0, 1])[0] > 0 && ball.apply(ball.turn(0, 0.1), [0, 0, 1])[1] > 0); // right, up
});

test("a lead is told in the ruler's own unit", () => {
  const told = (place) => ball.lead(scene, tokens, radius, { place, slid: 0, T: 1 }, scene.marks[0]);
  assert.match(told(0), /^“Sun”, [\d.]+ logits ahead of “.+”; 99\u00a0% at temperature 1$/);
  const near = Math.sqrt(radius ** 2 - 2 * radius * dot(scene.marks[0], target(tokens.says[0], 0)) + size(tokens.says[0], 0) ** 2);
  assert.ok(told(-1).startsWith(`“Sun”, at distance ${near.toFixed(1)}; next `), told(-1));
  const cosine = dot(scene.marks[0], target(tokens.says[0], 0)) / size(tokens.says[0], 0);
  assert.ok(told(1).startsWith(`“Sun”, ${((Math.acos(cosine) * 180) / Math.PI).toFixed(1)}° away; next `), told(1));
});
