// Lap times: this lap, the difference to the best one, and the laps that this page has seen.

import { DASH, clamp, lapTime, signed } from "./format.js";

const BAR_S = 2; // s at the end of the bar
const KEPT = 50;

export class Laps {
  constructor(find) {
    this.find = find;
    this.laps = [];
    this.completed = null;
    this.valid = true;
  }

  /** Another session. */
  clear() {
    this.laps = [];
    this.completed = null;
    this.list();
  }

  /** Laps that were driven before this page was opened. */
  add(earlier) {
    const seen = new Set(this.laps.map((lap) => lap.number));
    this.laps = [...earlier.filter((lap) => !seen.has(lap.number)), ...this.laps];
    this.list();
  }

  show(data) {
    if (this.completed !== null && data.completed_laps < this.completed) this.clear();
    if (this.completed !== null && data.completed_laps === this.completed + 1 && data.last_time > 0) {
      this.laps.push({ number: data.completed_laps, ms: data.last_time, valid: this.valid });
      if (this.laps.length > KEPT) this.laps.shift();
      this.list();
    }
    this.completed = data.completed_laps;
    this.valid = data.is_lap_valid;
    const { find } = this;
    find("lap").textContent = data.completed_laps + 1;
    find("current").textContent = lapTime(data.current_time);
    find("current").closest("section").classList.toggle("invalid", !data.is_lap_valid);
    find("last").textContent = lapTime(data.last_time);
    find("best").textContent = lapTime(data.best_time);
    this.delta(data.delta);
  }

  delta(seconds) {
    const text = this.find("delta");
    text.textContent = signed(seconds, 2);
    text.className = `time ${seconds === null ? "" : seconds < 0 ? "ahead" : "behind"}`;
    const bar = this.find("delta-bar").firstElementChild;
    const share = (50 * clamp(seconds ?? 0, -BAR_S, BAR_S)) / BAR_S;
    bar.style.left = `${Math.min(50, 50 + share)}%`;
    bar.style.width = `${Math.abs(share)}%`;
    bar.style.background = `var(--${share < 0 ? "throttle" : "brake"})`;
  }

  list() {
    const best = Math.min(...this.laps.filter((lap) => lap.valid).map((lap) => lap.ms));
    const rows = this.laps.map((lap) => {
      const row = document.createElement("li");
      row.className = lap.valid ? (lap.ms === best ? "best" : "") : "spoiled";
      const difference = lap.valid && best < lap.ms ? signed((lap.ms - best) / 1000, 3) : lap.valid ? "" : "invalid";
      for (const [tag, text] of [["span", lap.number], ["b", lapTime(lap.ms)], ["span", difference || DASH]]) {
        const cell = document.createElement(tag);
        cell.textContent = text;
        row.append(cell);
      }
      return row;
    });
    this.find("lap-list").replaceChildren(...rows.reverse());
    this.find("lap-note").hidden = rows.length > 0;
  }
}
