// The types of $ch, checked by the compiler: every wrong line must be one it refuses. Nothing of it runs.
import { assert, suite } from "@chorus/testing";
import {
  type AuditEvent,
  type Ch,
  type ChannelHandle,
  createCh,
  type KeyMap,
  type Match,
  type Operation,
  type ProxyCall,
  type Stored,
  type StoredKey,
} from "../src/index.js";

const test = suite("types of $ch");

interface Key {
  id: number;
}

interface City {
  id: number;
  name: string;
  place: { x: number };
}

/** Compiles only when both types are the same. */
type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

function same<_Holds extends true>(): void {}

/** Compiled, never called. */
function compiled(task: () => unknown): void {
  assert.type(task, "function");
}

test("wrap keys and values as they are stored", () => {
  same<Same<StoredKey<string>, { key: string }>>();
  same<Same<StoredKey<Key>, Key>>();
  same<Same<StoredKey<unknown>, KeyMap>>();
  same<Same<Stored<string, number>, { key: string; value: number }>>();
  same<Same<Stored<Key, City>, City>>();
  same<Same<Stored<Key, null>, null>>();
  same<Same<Stored<Key, number[]>, number[]>>();
  same<Same<Stored<string, City | number>, City | { key: string; value: number }>>();
  // @ts-expect-error a scalar is wrapped
  same<Same<StoredKey<string>, string>>();
});

test("data methods take and give the key and the value of the channel", () => {
  compiled(() => {
    const cities = createCh()<Key, City>("cities");
    const city: City = { id: 1, name: "Porto", place: { x: 1 } };
    same<Same<ReturnType<typeof cities.get>, City | undefined>>();
    same<Same<ReturnType<typeof cities.set>, Key | undefined>>();
    same<Same<ReturnType<typeof cities.getSet>, Key | undefined>>();
    same<Same<ReturnType<typeof cities.pop>, City | undefined>>();
    same<Same<ReturnType<typeof cities.shift>, City | undefined>>();
    same<Same<ReturnType<typeof cities.getAll>, City[]>>();
    same<Same<ReturnType<typeof cities.getKeys>, Key[]>>();
    same<Same<ReturnType<typeof cities.getSortedKeys>, Key[]>>();
    same<Same<ReturnType<typeof cities.size>, number>>();
    same<Same<ReturnType<typeof cities.setAll>, void>>();
    cities.set({ id: 1 }, city, 5, "uuid", "x");
    cities
      .push({ id: 1 }, city)
      .unset({ id: 1 })
      .forEach((key: Key, value: City) => void [key, value]);
    cities.setAll(["id"], [city]);
    cities.unsetAll(["id"], [{ id: 1 }]);
    // @ts-expect-error no such key
    cities.set({ name: "Porto" }, city);
    // @ts-expect-error no scalar
    cities.get(1);
    // @ts-expect-error a field is missing
    cities.set({ id: 1 }, { id: 1, name: "Porto" });
    // @ts-expect-error rows are whole
    cities.setAll(["id"], [{ id: 1 }]);
    // @ts-expect-error one name is no list
    cities.setAll("id", [city]);
    // @ts-expect-error a row that is no map
    cities.unsetAll(["id"], [1]);
    // @ts-expect-error milliseconds
    cities.set({ id: 1 }, city, "now");
    // @ts-expect-error no such field
    cities.get({ id: 1 })?.population;
  });
});

test("scalars come back wrapped, and either form of a key is taken", () => {
  compiled(() => {
    const counts = createCh()<string, number>("counts");
    const stored: { key: string; value: number } | undefined = counts.get("k");
    const key: { key: string } | undefined = counts.set("k", 1);
    counts.get({ key: "k" });
    counts.unset({ key: "k" });
    // @ts-expect-error the value is in the wrapper
    const bare: number | undefined = counts.get("k");
    // @ts-expect-error no text
    counts.set("k", "1");
    return [stored, key, bare];
  });
});

test("without types anything goes in, and JSON comes out", () => {
  compiled(() => {
    const data: ChannelHandle = createCh()("data");
    data.set("k", 1);
    data.set({ any: [1] }, null);
    const keys: KeyMap[] = data.getKeys();
    // @ts-expect-error not known to be a number
    const value: number | undefined = data.get("k");
    return [keys, value];
  });
});

test("matches are maps of fields, or functions of what is stored", () => {
  compiled(() => {
    const counts = createCh()<string, number>("counts");
    counts.getSet({ value: 1 }, "k", 2);
    counts.getSet(({ value }) => value > 1, "k", 2);
    const match: Match<Key, City> = (stored) => stored.place.x === 1;
    // @ts-expect-error no function of that
    counts.getSet((stored: string) => stored, "k", 2);
    // @ts-expect-error neither of the two
    counts.getSet(5, "k", 2);
    return match;
  });
});

test("subscribers are told what the operation says", () => {
  compiled(() => {
    const cities = createCh()<Key, City>("cities");
    const id: string = cities.subscribe((...[name, op, key, value, ch, timestamp, uuid, x]) => {
      same<Same<typeof name, string>>();
      same<Same<typeof op, Operation>>();
      same<Same<typeof key, Key | string[]>>();
      same<Same<typeof value, City | readonly unknown[] | undefined>>();
      same<Same<typeof ch, Ch>>();
      same<Same<typeof timestamp, number | undefined>>();
      same<Same<typeof uuid, string | undefined>>();
      same<Same<typeof x, unknown>>();
    });
    cities.subscribe(async () => 5, true, "id");
    cities.unsubscribe(id).stopJobs().destroy();
    // @ts-expect-error the third is a key
    cities.subscribe((_name: string, _op: Operation, key: number) => key);
    // @ts-expect-error no function
    cities.subscribe("no");
  });
});

test("create takes the options of its type, in both forms", () => {
  compiled(() => {
    const ch = createCh()("data");
    const handle: ChannelHandle = ch.create();
    ch.create(true).create(true, "big").create(undefined, "simple", { any: 1 }).create("memory", {});
    ch.create("dummy").create("dummy", {}).create(false, "dummy", {});
    ch.create("ops", { add: ({ a }: { a: number }, x: string) => [a, x], none: () => 1 });
    ch.create("cache", { func: () => 1 });
    ch.create("cache", { func: () => 1, ttl: 5, size: -1, method: "p", default: {}, ch: "kept" });
    ch.create("cache", { func: () => 1, ch });
    ch.create("buffer", { bufferCh: "a" });
    ch.create(true, "buffer", { bufferCh: "a", bufferIdxs: ["id"], bufferFunc: (name) => name.length > 1 });
    ch.create("proxy", { chTarget: "a", proxyFunc: ({ op }) => op });
    ch.create("all", { chs: ["a"], fn: (op) => (op === "get" ? "a" : undefined), treatAll: true });
    return handle;
  });
});

test("create refuses types and options there are not", () => {
  compiled(() => {
    const ch = createCh()("data");
    // @ts-expect-error no such type
    ch.create("redis");
    // @ts-expect-error no such type
    ch.create(false, "redis", {});
    // @ts-expect-error no map
    ch.create("simple", 5);
    // @ts-expect-error there are none
    ch.create("dummy", { any: 1 });
    // @ts-expect-error no function
    ch.create("ops", { add: 5 });
    // @ts-expect-error options are required
    ch.create("cache");
    // @ts-expect-error func is missing
    ch.create(false, "cache", { ttl: 5 });
    // @ts-expect-error no such option
    ch.create("cache", { func: () => 1, tll: 5 });
    // @ts-expect-error "t" or "p"
    ch.create("cache", { func: () => 1, method: "x" });
    // @ts-expect-error the target is missing
    ch.create("buffer", {});
    // @ts-expect-error a list
    ch.create("buffer", { bufferCh: "a", bufferIdxs: "id" });
    // @ts-expect-error the target is missing
    ch.create("proxy", { proxyFunc: () => 1 });
    // @ts-expect-error an option of another type
    ch.create("proxy", { chTarget: "a", bufferCh: "b" });
    // @ts-expect-error a list
    ch.create("all", { chs: "a" });
    // @ts-expect-error a name or names
    ch.create("all", { chs: ["a"], fn: () => 5 });
  });
});

test("functions of types see the keys and values of the channel", () => {
  compiled(() => {
    const cities = createCh()<Key, City>("cities");
    cities.create("cache", {
      func: (key) => {
        same<Same<typeof key, Key>>();
        return { id: key.id, name: "Porto", place: { x: 1 } };
      },
    });
    // @ts-expect-error no city
    cities.create("cache", { func: ({ id }) => ({ id }) });
    cities.create("all", {
      chs: ["a"],
      fnTrans: (key) => ({ tenant: key.id }),
      fnKeys: (keys) => keys.filter(({ id }) => id > 1),
      fnValues: (values) => values.map((city) => city?.name),
      errFn: (...[name, , target, op]) => [name, target, op],
    });
    // @ts-expect-error no such field
    cities.create("all", { chs: ["a"], fnKeys: (keys) => keys.map(({ name }) => name) });
    const seen = (call: ProxyCall): string => call.name;
    cities.create("proxy", { chTarget: "a", proxyFunc: seen });
    cities.create("proxy", {
      chTarget: "a",
      proxyFunc: (call) => {
        call.name = "b";
        // @ts-expect-error what is done cannot be changed
        call.op = "get";
      },
    });
  });
});

test("methods about peers take what the original does", () => {
  compiled(() => {
    const $ch = createCh();
    const data = $ch("data");
    const chained: ChannelHandle = data.createRemote("http://127.0.0.1/a", 5_000, "login", "pass").stopJobs();
    const exposed: Promise<string | undefined> = data.expose(
      8080,
      "/data",
      (...[user, pass, , request]) => {
        request.channelPermission = "r";
        return user === pass;
      },
      () => ({ data: "no" }),
      true,
    );
    const peered: Promise<string[]> = data.peer(
      8080,
      "/data",
      async () => ["http://a/b"],
      undefined,
      undefined,
      5,
      5,
    );
    $ch.setLog(({ name, op, request, user }: AuditEvent) => [name, op === "SET", request.url, user]);
    // @ts-expect-error no such operation
    $ch.setLog(({ op }) => op === "PUT");
    // @ts-expect-error a URL is needed
    data.createRemote();
    // @ts-expect-error a port or a server
    data.expose("8080");
    // @ts-expect-error URLs are needed
    data.peer(8080, "/data");
    return [chained, exposed, peered];
  });
});

interface Currency {
  from: string;
}

test("functions of virtual channels may know their keys where the channel does not", () => {
  compiled(() => {
    const $ch = createCh();
    $ch("x").create("cache", { func: (key: { key: string }) => key.key.length });
    $ch<Currency>("x").create("cache", { func: (key: Currency) => ({ ...key, rate: 1 }) });
    $ch("x").create("cache", { func: ({ from }) => ({ from, rate: 1 }), ttl: undefined });
    $ch("x").create("all", {
      chs: ["a"],
      fn: (_op, key: Currency) => key.from,
      fnTrans: (key: { id: number }) => key.id,
      fnKeys: (keys: { id: number }[]) => keys.map(({ id }) => id),
      fnValues: (values: { id: number }[]) => values.filter(({ id }) => id > 0),
      errFn: undefined,
    });
    $ch("x").create("buffer", {
      bufferCh: "a",
      bufferFunc: undefined,
      errorFn: (error: Error) => error.message,
    });
    $ch<Key, City>("x").create("cache", { func: ({ id }) => ({ id, name: "", place: { x: 1 } }) });
    // @ts-expect-error the channel knows its keys, and these are others
    $ch<Key, City>("x").create("cache", { func: (key: string) => ({ id: 1, name: key, place: { x: 1 } }) });
    // @ts-expect-error no function
    $ch("x").create("cache", { func: 5 });
  });
});
