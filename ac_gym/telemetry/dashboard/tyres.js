// The four tyres as seen from above: tread temperatures across, the core's in the middle, slip beside.

import { DASH, clamp, heat } from "./format.js";

const NAMES = ["front left", "front right", "rear left", "rear right"];
const SLIP_SHOWN = 1.5; // of the slip of most grip; the style sheet's mark is at 1

export class Tyres {
  constructor(place) {
    this.tyres = NAMES.map((name, i) => new Tyre(place, name, i % 2 === 1));
  }

  show(data) {
    const braking = data.brake > 0.5;
    this.tyres.forEach((tyre, i) =>
      tyre.show({
        core: data.tyre_core_temp[i],
        tread: [data.tyre_temp_outer[i], data.tyre_temp_middle[i], data.tyre_temp_inner[i]],
        slip: data.wheel_slip[i],
        pressure: data.wheel_pressure[i],
        left: 100 * (1 - data.tyre_worn[i]),
        brake: data.brake_temp[i],
        locked: braking && data.wheel_lock_detected && data.locked_wheels[i],
      }),
    );
  }
}

class Tyre {
  constructor(place, name, right) {
    this.right = right;
    this.box = element(place, "div", `tyre${right ? " right" : ""}`);
    this.box.setAttribute("aria-label", name);
    const tread = element(this.box, "div", "tread");
    this.strips = [0, 1, 2].map(() => element(tread, "i"));
    this.core = element(tread, "b");
    this.bar = element(element(this.box, "div", "slip"), "i");
    const list = element(this.box, "dl");
    this.values = Object.fromEntries(
      [["slip", "slip"], ["pressure", "psi"], ["left", "tread"], ["brake", "disc"]].map(([key, label]) => {
        const row = element(list, "div");
        element(row, "dt").textContent = label;
        return [key, element(row, "dd")];
      }),
    );
  }

  show({ core, tread, slip, pressure, left, brake, locked }) {
    const across = this.right ? [...tread].reverse() : tread;
    across.forEach((celsius, i) => (this.strips[i].style.background = heat(celsius || core)));
    this.core.textContent = `${number(core, 0)}°`;
    this.bar.style.height = `${(100 * clamp(slip ?? 0, 0, SLIP_SHOWN)) / SLIP_SHOWN}%`;
    this.bar.classList.toggle("over", slip > 1);
    this.values.slip.textContent = number(slip, 2);
    this.values.pressure.textContent = number(pressure, 1);
    this.values.left.textContent = `${number(left, 0)} %`;
    this.values.brake.textContent = `${number(brake, 0)}°`;
    this.box.classList.toggle("locked", locked);
  }
}

function number(value, digits) {
  return value === null ? DASH : value.toFixed(digits);
}

function element(parent, tag, name = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  parent.append(made);
  return made;
}
