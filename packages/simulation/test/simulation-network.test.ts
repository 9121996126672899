import type { CloseInfo, Transport, TransportHandlers } from "@chorus/core";
import { LOW_WATER_BYTES } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { Random } from "../src/simulation/random.js";
import { Scheduler } from "../src/simulation/scheduler.js";
import { urlOf, VirtualNetwork, type VirtualNetworkOptions } from "../src/simulation/virtual-network.js";

const test = suite("virtual network");

/** One end and all that it was told. */
class End {
  readonly transport: Transport;
  readonly received: number[] = [];
  readonly events: string[] = [];
  closed: CloseInfo | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    const handlers: TransportHandlers = {
      opened: () => this.events.push("opened"),
      received: (frame) => this.received.push(frame[0] ?? -1),
      drained: () => this.events.push("drained"),
      closed: (info) => {
        this.events.push("closed");
        this.closed = info;
      },
    };
    transport.start(handlers);
  }
}

function create(options: Partial<VirtualNetworkOptions> = {}): {
  scheduler: Scheduler;
  network: VirtualNetwork;
  accepted: End[];
  dial: () => End;
} {
  const scheduler = new Scheduler();
  const network = new VirtualNetwork({
    scheduler,
    random: new Random(1),
    conditions: { latencyMs: [1, 30] },
    ...options,
  });
  const accepted: End[] = [];
  network.listen("b", (transport) => accepted.push(new End(transport)));
  return { scheduler, network, accepted, dial: () => new End(network.dialler("a")(urlOf("b"))) };
}

function sendMany(end: End, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) end.transport.send(Uint8Array.of(i));
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("it opens both ends and delivers every frame once and in order, in both directions", () => {
  const { scheduler, accepted, dial } = create();
  const caller = dial();
  assert.equal(caller.events, []);
  scheduler.runFor(100);
  const callee = accepted[0] as End;
  sendMany(caller, 50);
  sendMany(callee, 50);
  assert.equal(callee.received, []);
  scheduler.runFor(100);
  assert.equal(callee.received, numbers(50));
  assert.equal(caller.received, numbers(50));
  assert.equal(caller.events, ["opened"]);
});

test("it delivers what was sent before a close, then tells both ends once", () => {
  const { scheduler, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  sendMany(caller, 5);
  caller.transport.close(4409, "duplicate");
  sendMany(caller, 5, 50);
  assert.is(caller.closed, undefined);
  scheduler.runFor(60_000);
  const callee = accepted[0] as End;
  assert.equal(callee.received, numbers(5));
  assert.equal(callee.closed, { code: 4409, reason: "duplicate" });
  assert.equal(caller.closed, { code: 4409, reason: "duplicate" });
  assert.equal(
    [caller.events, callee.events],
    [
      ["opened", "closed"],
      ["opened", "closed"],
    ],
  );
});

test("it loses what is under way when a connection breaks, and tells both ends", () => {
  const { scheduler, network, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  sendMany(caller, 5);
  network.connections[0]?.break();
  scheduler.runFor(100);
  assert.equal(accepted[0]?.received, []);
  assert.is(caller.closed?.code, 1006);
  assert.is(accepted[0]?.closed?.code, 1006);
  assert.is(network.connections.length, 0);
});

test("it tells nobody of a terminate before the turn is over", () => {
  const { scheduler, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  caller.transport.terminate();
  assert.is(caller.closed, undefined);
  scheduler.runFor(100);
  assert.is(caller.closed?.code, 1006);
  assert.is(accepted[0]?.closed?.code, 1006);
});

test("it holds frames back in a partition that stalls, and delivers them after it", () => {
  const { scheduler, network, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  sendMany(caller, 3);
  network.partition("b", "a", false);
  sendMany(caller, 3, 3);
  scheduler.runFor(10_000);
  assert.equal(accepted[0]?.received, []);
  network.heal("a", "b");
  scheduler.runFor(100);
  assert.equal(accepted[0]?.received, numbers(6));
  assert.is(caller.closed, undefined);
});

test("it fails dials into a partition and to a host that is down", () => {
  const { scheduler, network, accepted, dial } = create();
  network.partition("a", "b", true);
  const cut = dial();
  network.heal("a", "b");
  network.partition("a", "b", true);
  scheduler.runFor(6_000);
  assert.is(cut.closed?.code, 1006);
  network.heal("a", "b");
  network.crash("b", true);
  const refused = dial();
  scheduler.runFor(100);
  assert.is(refused.closed?.code, 1006);
  assert.is(accepted.length, 0);
});

test("it never tells a crashed host anything, and its peer only with a reset", () => {
  for (const reset of [true, false]) {
    const { scheduler, network, accepted, dial } = create();
    const caller = dial();
    scheduler.runFor(100);
    sendMany(caller, 3);
    network.crash("b", reset);
    scheduler.runFor(60_000);
    assert.equal(accepted[0]?.events, ["opened"]);
    assert.equal(accepted[0]?.received, []);
    assert.is(caller.closed?.code, reset ? 1006 : undefined);
  }
});

test("it fills the send buffer of a slow connection and tells when it has drained", () => {
  const { scheduler, network, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  network.connections[0]?.setRate(10_000);
  for (let i = 0; i < 100; i++) caller.transport.send(new Uint8Array(10_000).fill(i));
  assert.is(caller.transport.bufferedBytes, 1_000_000);
  scheduler.runFor(50);
  assert.ok(caller.transport.bufferedBytes > LOW_WATER_BYTES);
  assert.equal(caller.events, ["opened"]);
  scheduler.runFor(1_000);
  assert.is(caller.transport.bufferedBytes, 0);
  assert.equal(caller.events, ["opened", "drained"]);
  assert.equal(accepted[0]?.received, numbers(100));
});

test("it delivers nothing to a paused end until that resumes", () => {
  const { scheduler, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  accepted[0]?.transport.pause();
  sendMany(caller, 4);
  scheduler.runFor(1_000);
  assert.equal(accepted[0]?.received, []);
  accepted[0]?.transport.resume();
  scheduler.runFor(100);
  assert.equal(accepted[0]?.received, numbers(4));
});

test("it loses exactly the frame that a fault names, and the connection lives on", () => {
  const { scheduler, accepted, dial } = create({ inspect: (frame) => frame[0] !== 2 });
  const caller = dial();
  scheduler.runFor(100);
  sendMany(caller, 5);
  scheduler.runFor(100);
  assert.equal(accepted[0]?.received, [0, 1, 3, 4]);
  assert.is(caller.closed, undefined);
});

test("it copies what is sent, so that a sender may reuse its buffer", () => {
  const { scheduler, accepted, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  const buffer = Uint8Array.of(1);
  caller.transport.send(buffer);
  buffer[0] = 99;
  scheduler.runFor(100);
  assert.equal(accepted[0]?.received, [1]);
});

test("it tells that a connection drained when it becomes fast again", () => {
  const { scheduler, network, dial } = create();
  const caller = dial();
  scheduler.runFor(100);
  network.connections[0]?.setRate(1);
  caller.transport.send(new Uint8Array(1_000_000));
  scheduler.runFor(100);
  network.connections[0]?.setRate(undefined);
  assert.equal(caller.events, ["opened"]);
  scheduler.runFor(100);
  assert.equal(caller.events, ["opened", "drained"]);
});
