// What driver and car did in the last seconds: pedals and steering over time, and accelerations over one another.

import { Sheet, colour } from "./canvas.js";
import { clamp } from "./format.js";

export const WINDOW_S = 15;
const GAP_S = 1.5; // no line across a pause

/** Pedals 0..1 from the bottom up, steering -1..1 about the middle. */
export class Traces {
  constructor(canvas) {
    this.sheet = new Sheet(canvas);
    this.points = [];
    this.colours = { throttle: colour("throttle"), brake: colour("brake"), steer: colour("steer") };
  }

  /** `time` in s; shown until WINDOW_S later. */
  add(time, throttle, brake, steer) {
    if (this.points.length && time < this.points.at(-1).time) this.points = [];
    this.points.push({ time, throttle, brake, steer: 0.5 - 0.5 * clamp(steer, -1, 1) });
    while (this.points[0].time < time - WINDOW_S - 1) this.points.shift();
  }

  draw(now) {
    const context = this.sheet.begin();
    const { width, height } = this.sheet;
    grid(context, width, height, now);
    const x = (time) => width * (1 + (time - now) / WINDOW_S);
    const y = (share) => 3 + (height - 6) * (1 - share);
    for (const [name, fill] of [["throttle", true], ["brake", true], ["steer", false]]) {
      for (const run of this.runs()) {
        line(context, run, (point) => [x(point.time), y(point[name])]);
        context.strokeStyle = this.colours[name];
        context.lineWidth = 2;
        context.lineJoin = "round";
        context.stroke();
        if (fill) {
          context.lineTo(x(run.at(-1).time), y(0));
          context.lineTo(x(run[0].time), y(0));
          context.globalAlpha = 0.12;
          context.fillStyle = this.colours[name];
          context.fill();
          context.globalAlpha = 1;
        }
      }
    }
  }

  /** The points, apart where there was a pause. */
  runs() {
    const runs = [];
    let before = -Infinity;
    for (const point of this.points) {
      if (point.time - before > GAP_S) runs.push([]);
      runs.at(-1).push(point);
      before = point.time;
    }
    return runs;
  }
}

function line(context, points, at) {
  context.beginPath();
  points.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...at(point)));
}

function grid(context, width, height, now) {
  context.strokeStyle = "#222b38";
  context.lineWidth = 1;
  context.beginPath();
  for (const share of [0, 0.5, 1]) {
    const y = Math.round(3 + (height - 6) * share) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  for (let second = Math.ceil(now - WINDOW_S); second <= now; second += 1) {
    if (second % 5) continue;
    const x = Math.round(width * (1 + (second - now) / WINDOW_S)) + 0.5;
    context.moveTo(x, 3);
    context.lineTo(x, height - 3);
  }
  context.stroke();
}

/** Accelerations in g as seen from above, forward up: where the car is now, and where it was in the last seconds. */
export class Forces {
  constructor(canvas) {
    this.sheet = new Sheet(canvas);
    this.points = [];
    this.colours = { dot: colour("steer"), text: colour("dim"), big: colour("text") };
  }

  /** The game's lateral acceleration is positive to the left. */
  add(lateral, longitudinal) {
    this.points.push([-lateral, longitudinal]);
    if (this.points.length > 240) this.points.shift();
  }

  draw() {
    const context = this.sheet.begin();
    const { width, height } = this.sheet;
    const most = Math.max(1.5, ...this.points.map(([a, b]) => Math.hypot(a, b)));
    const rings = Math.ceil(most);
    const radius = Math.min(width, height) / 2 - 16;
    const at = ([right, ahead]) => [width / 2 + (right / rings) * radius, height / 2 - (ahead / rings) * radius];
    context.font = "600 10px system-ui, 'DejaVu Sans', sans-serif";
    context.fillStyle = this.colours.text;
    context.strokeStyle = "#2a3341";
    context.lineWidth = 1;
    for (let ring = 1; ring <= rings; ring += 1) {
      context.beginPath();
      context.arc(width / 2, height / 2, (radius * ring) / rings, 0, 2 * Math.PI);
      context.stroke();
      context.fillText(`${ring} g`, width / 2 + 4, height / 2 - (radius * ring) / rings + 11);
    }
    context.beginPath();
    context.moveTo(width / 2 - radius, height / 2);
    context.lineTo(width / 2 + radius, height / 2);
    context.moveTo(width / 2, height / 2 - radius);
    context.lineTo(width / 2, height / 2 + radius);
    context.stroke();
    this.points.forEach((point, i) => {
      context.globalAlpha = (0.5 * i) / this.points.length;
      context.fillStyle = this.colours.dot;
      dot(context, at(point), 1.8);
    });
    context.globalAlpha = 1;
    const now = this.points.at(-1);
    if (!now) return;
    dot(context, at(now), 6);
    context.fillStyle = this.colours.big;
    context.font = "600 17px ui-monospace, 'DejaVu Sans Mono', monospace";
    context.fillText(`${Math.hypot(...now).toFixed(2)} g`, 14, 26);
  }
}

function dot(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
