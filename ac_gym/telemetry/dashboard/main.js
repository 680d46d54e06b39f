// Takes the snapshots that the server sends, one JSON object a message, and shows them.

import { Cluster } from "./cluster.js";
import { Laps } from "./laps.js";
import { TrackMap } from "./map.js";
import { Forces, Traces, WINDOW_S } from "./traces.js";
import { Tyres } from "./tyres.js";

const SILENT_MS = 1500; // without a message for this long, the game is not in a session
const RETRY_MS = 1000;
const TRACK_RETRY_MS = 3000;
const STATUS = { 1: "replay", 2: "live", 3: "paused" };

const find = (id) => document.getElementById(id);
const page = document.documentElement;
const map = new TrackMap(find("map"), find("map-note"));
const traces = new Traces(find("traces"));
const forces = new Forces(find("forces"));
const tyres = new Tyres(find("tyres"));
const laps = new Laps(find);
const cluster = new Cluster(find);
find("window").textContent = `last ${WINDOW_S} s`;

let latest = null; // {data, at} with `at` in ms of performance.now
let before = null;
let session = "";

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`);
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onopen = () => state("waiting", "waiting for the game");
  socket.onclose = () => {
    state("lost", "no connection to ac-gym stream");
    setTimeout(connect, RETRY_MS);
  };
}

function receive(data) {
  before = latest;
  latest = { data, at: performance.now() };
  const now = [data.track, data.track_configuration, data.car_model].join("|");
  if (now !== session) begin(data, now);
  map.add(data.world_position_z, data.world_position_x, data.gas, data.brake); // the map's x and y
  traces.add(data.timestamp, data.gas, data.brake, data.steer_angle);
  forces.add(data.acc_g_x, data.acc_g_z);
  tyres.show(data);
  laps.show(data);
  cluster.show(data);
  state(data.status === 2 ? "live" : "paused", STATUS[data.status] ?? "");
}

/** Another track or car. */
function begin(data, now) {
  session = now;
  before = null;
  map.setTrack(null);
  laps.clear();
  const layout = data.track_configuration ? ` (${data.track_configuration})` : "";
  find("track").textContent = `${data.track}${layout}`;
  find("car").textContent = [data.car_model, data.player_name].filter(Boolean).join(" · ");
  loadTrack(now);
  loadLaps(now);
}

async function loadLaps(wanted) {
  const answer = await fetch("laps.json").catch(() => null);
  if (answer?.ok && session === wanted) laps.add(await answer.json());
}

async function loadTrack(wanted) {
  try {
    const answer = await fetch("track.json");
    if (session !== wanted || answer.status === 404) return;
    const track = await answer.json();
    map.setTrack(track);
    find("track").textContent = track.title;
  } catch {
    setTimeout(() => session === wanted && loadTrack(wanted), TRACK_RETRY_MS);
  }
}

function state(name, text) {
  page.dataset.state = name;
  find("status").textContent = text;
}

/** Between two messages the car goes on evenly, one message late, so that it does not jump at low rates. */
function carNow() {
  if (!latest) return null;
  const { data } = latest;
  const here = { x: data.world_position_z, y: data.world_position_x, heading: -data.heading };
  if (!before) return here;
  const share = Math.min(1, (performance.now() - latest.at) / Math.max(1, latest.at - before.at));
  const [dx, dy] = [here.x - before.data.world_position_z, here.y - before.data.world_position_x];
  if (Math.hypot(dx, dy) > 60) return here;
  return { x: here.x - dx * (1 - share), y: here.y - dy * (1 - share), heading: here.heading };
}

function draw() {
  const silent = latest === null || performance.now() - latest.at > SILENT_MS;
  if (silent && page.dataset.state !== "lost") state("waiting", "waiting for the game");
  map.draw(carNow());
  if (latest) traces.draw(latest.data.timestamp + (silent ? 0 : (performance.now() - latest.at) / 1000));
  forces.draw();
  requestAnimationFrame(draw);
}

connect();
draw();
