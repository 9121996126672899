// The systems that Chorus is compared with, for tests. Must never know which of them can run here.
import { hocuspocus } from "../src/systems/hocuspocus.js";
import { redis } from "../src/systems/redis.js";
import type { System } from "../src/systems/system.js";
import { tinybase } from "../src/systems/tinybase.js";
import { yWebsocket } from "../src/systems/y-websocket.js";

/** All of them. */
export const others: readonly System[] = [yWebsocket, hocuspocus, tinybase, redis];
