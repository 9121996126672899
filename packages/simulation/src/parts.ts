// What the crash test shares with the simulation. An entry of its own: its child processes are started again and again, and
// must not load a whole simulation each time.
export { PassingStorage } from "./simulation/passing-storage.js";
export { Random } from "./simulation/random.js";
