// Speed, engine speed and gear, as a driver glances at them; the flags of what is wrong; what goes on around.

import { DASH, gearName, signed } from "./format.js";

const LEDS = 22;
const FLAGS = {
  "flag-lap": (data) => (data.is_lap_valid ? "" : "bad"),
  "flag-lock": (data) => (data.wheel_lock_detected ? "bad" : ""),
  "flag-body": (data) => (data.bodywork_critical ? "bad" : data.bodywork_damaged ? "warn" : ""),
  "flag-tyres": (data) => (data.tyre_critical ? "bad" : data.tyre_damaged ? "warn" : ""),
  "flag-pit": (data) => (data.is_in_pit || data.is_in_pit_lane || data.pit_limiter_on ? "warn" : ""),
};

export class Cluster {
  constructor(find) {
    this.find = find;
    this.leds = Array.from({ length: LEDS }, (_, i) => {
      const led = document.createElement("i");
      if (i >= LEDS * 0.66) led.className = i >= LEDS * 0.86 ? "top" : "high";
      return led;
    });
    find("leds").replaceChildren(...this.leds);
  }

  show(data) {
    const text = (id, value) => (this.find(id).textContent = value);
    text("speed", Math.round(data.speed_kmh ?? 0));
    text("rpm", data.rpm);
    text("gear", gearName(data.gear));
    text("fuel", data.fuel === null ? DASH : `${data.fuel.toFixed(1)} l`);
    text("air", `${Math.round(data.air_temp)} / ${Math.round(data.road_temp)}°`);
    text("bias", data.brake_bias ? `${(100 * data.brake_bias).toFixed(0)} %` : DASH);
    text("out", data.number_of_tyres_out);
    text("throttle", `${Math.round(100 * data.gas)} %`);
    text("brake", `${Math.round(100 * data.brake)} %`);
    text("steer", `${signed(100 * data.steer_angle, 0)} %`);
    const most = data.max_rpm || data.current_max_rpm || 8000;
    // The lower half of the range tells little: the lights begin at two fifths of it.
    const lit = Math.round((LEDS * (data.rpm / most - 0.4)) / 0.59);
    this.leds.forEach((led, i) => led.classList.toggle("on", i < lit));
    for (const [id, state] of Object.entries(FLAGS)) {
      const now = state(data);
      this.find(id).hidden = !now;
      this.find(id).classList.toggle("warn", now === "warn");
    }
  }
}
