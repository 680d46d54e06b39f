// The track from above, the car on it, and the trail that it leaves: green on the throttle, red on the brake.

import { Sheet, colour } from "./canvas.js";

const TRAIL_POINTS = 4000;
const TRAIL_STEP_M = 3;
const LEAP_M = 120; // a car that was put elsewhere leaves no trail on its way
const MARGIN = 34;

export class TrackMap {
  constructor(canvas, note) {
    this.sheet = new Sheet(canvas);
    this.note = note;
    this.base = document.createElement("canvas"); // what does not move
    this.colours = Object.fromEntries(["throttle", "brake", "faint", "dim", "text", "steer"].map((n) => [n, colour(n)]));
    this.setTrack(null);
  }

  /** What /track.json tells, or null: then the trail is all there is to see. */
  setTrack(track) {
    this.track = track;
    this.trail = [];
    this.bounds = track ? boundsOf([...track.left, ...track.right]) : null;
    this.note.textContent = track ? "" : "the shape of this track is not known: the trail draws it";
    this.drawnFor = null;
  }

  /** x, y in m, on the map; throttle and brake 0..1. */
  add(x, y, throttle, brake) {
    const last = this.trail.at(-1);
    const far = last ? Math.hypot(x - last.x, y - last.y) : Infinity;
    if (far < TRAIL_STEP_M) return;
    this.trail.push({ x, y, new: far > LEAP_M, kind: brake > 0.05 ? "brake" : throttle > 0.05 ? "throttle" : "faint" });
    if (this.trail.length > TRAIL_POINTS) this.trail.shift();
    if (!this.track) {
      this.bounds = boundsOf(this.trail.map((point) => [point.x, point.y]));
      this.drawnFor = null;
    }
  }

  draw(car) {
    if (!this.bounds) {
      this.sheet.begin();
      return;
    }
    this.place();
    const context = this.sheet.begin();
    context.drawImage(this.base, 0, 0, this.sheet.width, this.sheet.height);
    this.drawTrail(context);
    if (car) this.drawCar(context, car);
  }

  /** Fits the map to the canvas, turned by a quarter where that makes it larger, and draws what does not move. */
  place() {
    const { width, height, resized } = this.sheet;
    if (this.drawnFor === resized) return;
    this.drawnFor = resized;
    const [x0, y0, x1, y1] = this.bounds;
    const [across, up] = [Math.max(x1 - x0, 50), Math.max(y1 - y0, 50)];
    const room = [width - 2 * MARGIN, height - 2 * MARGIN];
    const upright = Math.min(room[0] / across, room[1] / up);
    const turned = Math.min(room[0] / up, room[1] / across);
    this.turned = turned > 1.1 * upright;
    this.scale = Math.max(0.001, this.turned ? turned : upright);
    this.middle = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.base.width = this.sheet.canvas.width;
    this.base.height = this.sheet.canvas.height;
    const context = this.base.getContext("2d");
    const sharp = this.base.width / Math.max(1, width);
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    if (this.track) this.drawTrack(context);
  }

  at(x, y) {
    const [right, up] = this.turned ? [y - this.middle[1], this.middle[0] - x] : [x - this.middle[0], y - this.middle[1]];
    return [this.sheet.width / 2 + right * this.scale, this.sheet.height / 2 - up * this.scale];
  }

  path(context, points, closed) {
    context.beginPath();
    points.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](...this.at(x, y)));
    if (closed) context.closePath();
  }

  drawTrack(context) {
    const { track } = this;
    context.lineJoin = "round";
    const road = new Path2D();
    for (const side of [track.left, [...track.right].reverse()]) {
      side.forEach(([x, y], i) => road[i ? "lineTo" : "moveTo"](...this.at(x, y)));
      road.closePath();
    }
    context.fillStyle = "#2a3341";
    context.fill(road, "evenodd");
    // A road of 12 m is thin on a map of kilometres: a line below makes it seen.
    this.path(context, track.line, true);
    context.strokeStyle = "#2a3341";
    context.lineWidth = 9;
    context.stroke();
    context.strokeStyle = "#465266";
    context.lineWidth = 1;
    context.setLineDash([3, 5]);
    context.stroke();
    context.setLineDash([]);
    track.sectors.forEach((ends) => this.tick(context, ends, "#5b6980", 2));
    this.tick(context, track.start, this.colours.text, 3);
    this.names(context);
  }

  /** A line across the road, a little longer than the road is wide. */
  tick(context, ends, style, thickness) {
    const [[x0, y0], [x1, y1]] = ends.map(([x, y]) => this.at(x, y));
    const length = Math.max(Math.hypot(x1 - x0, y1 - y0), 1e-6);
    const [ux, uy, half] = [(x1 - x0) / length, (y1 - y0) / length, Math.max(length / 2 + 3, 9)];
    const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
    context.beginPath();
    context.moveTo(mx - ux * half, my - uy * half);
    context.lineTo(mx + ux * half, my + uy * half);
    context.strokeStyle = style;
    context.lineWidth = thickness;
    context.stroke();
  }

  /** Corner names beside the track, outside if there is room and no other name, else inside, else not at all. */
  names(context) {
    context.font = "500 11px system-ui, 'DejaVu Sans', sans-serif";
    context.fillStyle = this.colours.dim;
    context.textBaseline = "middle";
    context.textAlign = "left";
    const taken = [];
    for (const { name, at } of this.track.corners) {
      const [x, y] = this.at(...at);
      const wide = context.measureText(name).width;
      const away = Math.atan2(y - this.sheet.height / 2, x - this.sheet.width / 2);
      for (const angle of [away, away + Math.PI, away + 1.2, away - 1.2]) {
        const [ux, uy] = [Math.cos(angle), Math.sin(angle)];
        const box = { x: x + 12 * ux + (ux < -0.3 ? -wide : ux < 0.3 ? -wide / 2 : 0), y: y + 15 * uy, wide };
        if (!this.isFree(box, taken)) continue;
        taken.push(box);
        context.fillText(name, box.x, box.y);
        break;
      }
    }
  }

  isFree(box, taken) {
    const inside = box.x > 4 && box.x + box.wide < this.sheet.width - 4 && box.y > 9 && box.y < this.sheet.height - 9;
    const apart = (other) => Math.abs(other.y - box.y) > 14 || other.x > box.x + box.wide + 6 || other.x + other.wide < box.x - 6;
    const onRoad = (point) => {
      const [x, y] = this.at(...point);
      return Math.abs(y - box.y) < 11 && x > box.x - 5 && x < box.x + box.wide + 5;
    };
    return inside && taken.every(apart) && !this.track.line.some(onRoad);
  }

  drawTrail(context) {
    const { trail } = this;
    context.lineWidth = 3;
    context.lineCap = "round";
    context.lineJoin = "round";
    let from = 1;
    while (from < trail.length) {
      // One stroke for a run of points of one colour and about one age.
      const { kind } = trail[from];
      let to = from;
      context.beginPath();
      context.moveTo(...this.at(trail[from - 1].x, trail[from - 1].y));
      for (; to < trail.length && trail[to].kind === kind && to - from < 40 && !trail[to].new; to += 1) {
        context.lineTo(...this.at(trail[to].x, trail[to].y));
      }
      context.globalAlpha = 0.25 + 0.75 * (to / trail.length);
      context.strokeStyle = this.colours[kind];
      context.stroke();
      from = Math.max(to, from + 1);
    }
    context.globalAlpha = 1;
  }

  drawCar(context, { x, y, heading }) {
    const [px, py] = this.at(x, y);
    const ahead = this.at(x + Math.cos(heading), y + Math.sin(heading));
    context.save();
    context.translate(px, py);
    context.rotate(Math.atan2(ahead[1] - py, ahead[0] - px));
    context.shadowColor = this.colours.steer;
    context.shadowBlur = 16;
    context.beginPath();
    context.moveTo(11, 0);
    context.lineTo(-7, 6.5);
    context.lineTo(-3.5, 0);
    context.lineTo(-7, -6.5);
    context.closePath();
    context.fillStyle = this.colours.steer;
    context.fill();
    context.shadowBlur = 0;
    context.lineWidth = 1.5;
    context.strokeStyle = "#0009";
    context.stroke();
    context.restore();
  }
}

function boundsOf(points) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return points.length ? box : null;
}
