// Numbers as people read them.

export const DASH = "–";

/** 92345 ms -> 1:32.345; dashes where there is no time. */
export function lapTime(ms) {
  if (!(ms > 0)) return `${DASH}:${DASH}${DASH}.${DASH}${DASH}${DASH}`;
  const minutes = Math.floor(ms / 60000);
  const seconds = ((ms % 60000) / 1000).toFixed(3).padStart(6, "0");
  return `${minutes}:${seconds}`;
}

/** s -> +0.123; a dash where there is none. */
export function signed(value, digits) {
  if (value === null || value === undefined) return DASH;
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** The game counts from reverse. */
export function gearName(gear) {
  return gear === 0 ? "R" : gear === 1 ? "N" : String(gear - 1);
}

export function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/** tyre temperature in °C -> a colour from cold blue over green to hot red */
export function heat(celsius) {
  const stops = [[40, 215], [70, 190], [85, 140], [98, 70], [108, 32], [125, 0]];
  const at = clamp(celsius ?? 0, stops[0][0], stops.at(-1)[0]);
  const after = Math.max(1, stops.findIndex(([limit]) => at <= limit));
  const [[cold, hueCold], [warm, hueWarm]] = [stops[after - 1], stops[after]];
  const hue = hueCold + ((hueWarm - hueCold) * (at - cold)) / (warm - cold);
  return `hsl(${hue.toFixed(0)} 62% 42%)`;
}
