// CPU that processes have taken, in microseconds, as the kernel counts it. Must never sample or estimate.
import { readdirSync, readFileSync } from "node:fs";

/** A tick of the times in /proc is 10 ms on every Linux. */
const MICROSECONDS_PER_TICK = 10_000;

/** CPU of this process so far, without processes that it started. */
export function ownCpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * CPU of another process so far, on Linux, with children that have ended (Redis forks one to send a snapshot).
 * @throws Error when there is no such process
 */
export function cpuMicrosecondsOf(pid: number): number {
  // The name, in parentheses, may hold spaces; state is the first field after it, the third in all.
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
  const own = schedulerMicroseconds(pid) ?? (user + system) * MICROSECONDS_PER_TICK;
  return own + (endedUser + endedSystem) * MICROSECONDS_PER_TICK;
}

// The scheduler's own figures have nanoseconds where the ticks are as coarse as a small workload; not every kernel
// tells them.
function schedulerMicroseconds(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1"), 10),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1_000;
  } catch {
    return undefined;
  }
}
