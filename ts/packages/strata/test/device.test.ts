/** Opening devices, forcing rungs, counting what they do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { defaultDevice, Device, ladders, ones, randn, setDefaultDevice, tensor, zeros } from "strata-ml";
import type { Tensor } from "strata-ml";
import { close, fails, holds, rejects, untyped } from "./check.ts";
import { devices, elsewhere } from "./devices.ts";

for (const device of await devices()) {
  test(`${device.name}: who it is`, () => {
    assert.equal(device.name, `${device.info.machine}:${device.info.index}`);
    assert.equal(device.machine, device.info.machine);
    assert.ok(device.label.startsWith(`${device.name} (`));
    assert.ok(device.info.driver !== "" && device.info.caps.maxGrid.length === 3);
    assert.equal(typeof device.info.caps.software, "boolean");
    assert.equal(String(device), `Device(${device.label})`);
    assert.equal(inspect(device), String(device));
    assert.equal(device.reason, "");
  });

  test(`${device.name}: counts what it does`, async () => {
    zeros([10], { device });
    const before = device.stats();
    const sum = tensor([1, 2, 3], { device }).add(1).sum();
    await sum.read();
    const after = device.stats();
    assert.ok(
      after.launches >= before.launches + 2 && after.writes > before.writes && after.reads > before.reads,
    );
    assert.ok(after.bytes > 0 && after.allocations > 0 && after.inUse > 0);
    await device.synchronize();
    device.trim();
    assert.equal(sum.item(), 9);
  });

  test(`${device.name}: every rung of a product agrees`, async () => {
    const [a, b] = [randn([37, 65], { device, seed: 1 }), randn([65, 48], { device, seed: 2 })];
    const want = await a.matmul(b).read();
    const rungs =
      ladders()
        .find((l) => l.op === "matmul")
        ?.rungs.filter((r) => r.machines.includes(device.machine)) ?? [];
    assert.ok(rungs.length > 1);
    for (const { name } of rungs) {
      const forced = device.withRung("matmul", name);
      assert.ok(forced.same(device) && device.same(forced));
      try {
        const got = (await a.to(forced)).matmul(b);
        assert.equal(got.device, forced);
        close(await got.read(), want, 1e-3, name);
      } catch (error) {
        // This card or these shapes are not for that rung; it is said so.
        assert.match(String(error), /StrataError: matmul: rung \S+ (has no kernel for|does not take) /);
      }
    }
    fails("rung", /withRung: matmul has no rung "9_magic".*it has 1_naive/, () =>
      device.withRung("matmul", "9_magic"),
    );
    fails("rung", /withRung: there is no op "nothing"; there are .*matmul/, () =>
      device.withRung("nothing", "1_naive"),
    );
  });

  test(`${device.name}: a precision is asked for, and one that is not there is refused`, async () => {
    assert.equal(device.precision, "f32");
    assert.equal(device.info.precisions[0], "f32");
    const card = device.machine === "cuda" && device.info.caps.compute >= 80;
    assert.equal(device.info.precisions.includes("tf32"), card);
    for (const precision of ["f32", "tf32", "f16", "bf16"] as const) {
      if (device.info.precisions.includes(precision)) {
        const exact = device.withPrecision(precision);
        assert.ok(exact.same(device) && exact.precision === precision && device.precision === "f32");
        assert.equal((await Device.open(device.name, { precision })).precision, precision);
        const [a, b] = [ones([3, 4], { device: exact }), ones([4, 5], { device: exact })];
        close(await a.matmul(b).read(), Array.from({ length: 15 }, () => 4), 1e-6, precision);
      } else {
        const says = new RegExp(`${device.name} .* has no products in ${precision}; it has f32`);
        fails("device", says, () => device.withPrecision(precision));
        await rejects("device", says, Device.open(device.name, { precision }));
      }
    }
    fails("argument", /unknown precision "fp8": use f32, tf32, f16 or bf16/, () =>
      untyped(device.withPrecision, device, "fp8"),
    );
    fails("argument", /withPrecision: precision/, () => untyped(device.withPrecision, device, 16));
  });

  test(`${device.name}: more than it can hold is refused, and it goes on`, async () => {
    // Addresses may be granted here without memory behind them; a card has limits of its own.
    if (device.machine !== "cpu") {
      const held: Tensor[] = [];
      fails(device.machine === "wgpu" ? "size" : "memory", /\d+/, () => {
        // 14 GB each: more of them than any card holds.
        for (let i = 0; i < 64; i++) held.push(zeros([60_000, 60_000], { device }));
      });
      for (const tensor of held) tensor.dispose();
      device.trim();
    }
    await holds(ones([2], { device }).add(1), [2], [2, 2]);
  });
}

test("opening by name", async () => {
  const open = async (...args: unknown[]): Promise<unknown> => untyped(Device.open, Device, ...args);
  const cpu = await Device.open("cpu");
  assert.equal(cpu, Device.cpu());
  assert.equal(await Device.open("cpu:0"), cpu);
  await holds(ones([2], { device: cpu }).add(ones([2])), [2], [2, 2]);
  await rejects("device", /unknown device "tpu": use cpu, cuda/, Device.open("tpu"));
  await rejects("device", /cuda/, Device.open("cuda:99"));
  await rejects("argument", /Device.open takes a name like "cuda:0", got number/, open(0));
  await rejects("kernels", /no-such-folder/, Device.open("cpu", { kernels: "no-such-folder" }));
  await rejects("argument", /open: rungs: 5/, open("cpu", { rungs: 5 }));
  await rejects("argument", /open: speed: 5 is no option/, open("cpu", { speed: 5 }));
  await rejects("argument", /open: precision: 16 is no option/, open("cpu", { precision: 16 }));
  for (const device of await devices()) assert.equal(await Device.open(device.name), device);
  const naive = await Device.open("cpu", { rungs: { matmul: "1_naive" } });
  const a = ones([2, 2], { device: naive, requiresGrad: true });
  assert.equal(a.matmul(a).graph().nodes.at(-1)?.kernels[0]?.name, "matmul/1_naive");
});

test("every rung says what it serves and what it needs", () => {
  for (const { op, rungs } of ladders()) {
    for (const rung of rungs) {
      assert.ok(rung.precisions.includes(rung.precision), `${op} ${rung.name}`);
      assert.ok(rung.needs === null || rung.needs.length > 3);
    }
  }
});

test("the best device says why", async () => {
  const best = await Device.best();
  assert.ok(best.reason !== "");
  await holds(ones([2], { device: best }), [2], [1, 1]);
  assert.ok((await Device.open(best.name)).same(best));
  assert.ok((await Device.best({ rungs: { matmul: "1_naive" } })).same(best));
});

test("the list says what is here, and why the rest is not", async () => {
  const list = await Device.list();
  for (const machine of ["cpu", "cuda", "wgpu"] as const) {
    const rows = list.filter((row) => row.machine === machine);
    assert.ok(rows.length > 0, machine);
    for (const row of rows)
      assert.ok(
        row.info === null
          ? (row.reason ?? "").length > 20
          : row.reason === null && row.info.machine === machine,
      );
  }
});

test("what the CPU can do at most", async () => {
  const { compute, bandwidth } = await Device.cpu().ceiling();
  assert.ok(compute > 1e6 && bandwidth > 1e6, `${compute} FLOP/s, ${bandwidth} bytes/s`);
});

test("the default device", async () => {
  assert.equal(defaultDevice(), Device.cpu());
  const other = (await elsewhere()) ?? Device.cpu().withRung("matmul", "1_naive");
  setDefaultDevice(other);
  try {
    assert.equal(defaultDevice(), other);
    assert.equal(zeros([1]).device, other);
    assert.equal(tensor([1]).device, other);
    assert.equal(zeros([1], { device: Device.cpu() }).device, Device.cpu());
  } finally {
    setDefaultDevice(Device.cpu());
  }
  fails("argument", /setDefaultDevice: device must be a Device, got string/, () =>
    untyped(setDefaultDevice, undefined, "cpu"),
  );
  fails("argument", /same: device must be a Device/, () => untyped(other.same, other, null));
});
