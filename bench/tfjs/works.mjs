// What is measured, for both sides. A runner's `set` takes plain numbers and makes tensors of them,
// `run` is what is timed, `result` reads what came of it.

/** Numbers that look normal, the same for a seed: sums of uniform ones. */
export function normal(count, seed, scale = 1) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
  return Float32Array.from({ length: count }, () => (next() + next() + next() - 1.5) * 2 * scale);
}

/** Disposes everything in a list. */
function free(tensors) {
  for (const tensor of tensors) tensor.dispose();
  tensors.length = 0;
}

function matmul(n) {
  return {
    name: `matmul ${n}³`,
    flops: 2 * n ** 3,
    // Sums of n products, in different orders.
    tolerance: 1e-5,
    draw: (seed) => [normal(n * n, seed), normal(n * n, seed + 1000)],
    strata: ({ tensor }) => {
      const held = [];
      return {
        set: (inputs) => held.push(...inputs.map((data) => tensor(data, { shape: [n, n] }))),
        run: () => held.push(held[0].matmul(held[1])),
        result: () => Float32Array.from(held[2].view()),
        clear: () => free(held),
        dispose: () => {},
      };
    },
    tfjs: (tf) => {
      const held = [];
      return {
        set: (inputs) => held.push(...inputs.map((data) => tf.tensor2d(data, [n, n]))),
        run: () => held.push(tf.matMul(held[0], held[1])),
        result: () => Float32Array.from(held[2].dataSync()),
        clear: () => free(held),
        dispose: () => {},
      };
    },
  };
}

const [BATCH, WIDTHS, LR] = [128, [784, 512, 512, 10], 0.1];

/** The same starting weights for both sides: [in, out] each, and biases. */
function weights() {
  return WIDTHS.slice(1).flatMap((out, i) => [normal(WIDTHS[i] * out, 7 + i, 1 / Math.sqrt(WIDTHS[i])), new Float32Array(out)]);
}

/** One step of training: forward, cross-entropy, backward, SGD, and the loss as a number. */
const mlp = {
  name: `MLP step ${BATCH} × ${WIDTHS.join("-")}`,
  flops: WIDTHS.slice(1).reduce((sum, out, i) => sum + 2 * BATCH * WIDTHS[i] * out * (i === 0 ? 2 : 3), 0),
  tolerance: 1e-4,
  draw: (seed) => [normal(BATCH * WIDTHS[0], seed), Uint32Array.from({ length: BATCH }, (_, i) => (i * 7 + seed) % 10)],
  strata: ({ tensor, nn, functional, optim, tidy }) => {
    const given = weights();
    const layer = (i) => {
      const options = { shape: [WIDTHS[i], WIDTHS[i + 1]] };
      return new nn.Linear(WIDTHS[i], WIDTHS[i + 1], { weight: tensor(given[2 * i], options), bias: tensor(given[2 * i + 1]) });
    };
    const model = new nn.Sequential(layer(0), new nn.ReLU(), layer(1), new nn.ReLU(), layer(2));
    const sgd = new optim.SGD(model, { lr: LR });
    const held = [];
    let loss = 0;
    return {
      set: ([x, y]) => held.push(tensor(x, { shape: [BATCH, WIDTHS[0]] }), tensor(y)),
      run: () => {
        loss = tidy(() => {
          sgd.zeroGrad();
          const error = functional.crossEntropy(model.forward(held[0]), held[1]);
          error.backward();
          sgd.step();
          return error.item();
        });
      },
      result: () => [loss, ...model.parameters().flatMap((parameter) => [...parameter.view().subarray(0, 64)])],
      clear: () => free(held),
      dispose: () => {},
    };
  },
  tfjs: (tf) => {
    const variables = weights().map((data, i) => {
      const layer = Math.floor(i / 2);
      return tf.variable(tf.tensor(data, i % 2 === 0 ? [WIDTHS[layer], WIDTHS[layer + 1]] : [WIDTHS[layer + 1]]));
    });
    const [w1, b1, w2, b2, w3, b3] = variables;
    const sgd = tf.train.sgd(LR);
    const held = [];
    let loss = 0;
    const forward = (x) => {
      const h1 = tf.fused.matMul({ a: x, b: w1, bias: b1, activation: "relu" });
      const h2 = tf.fused.matMul({ a: h1, b: w2, bias: b2, activation: "relu" });
      return tf.fused.matMul({ a: h2, b: w3, bias: b3 });
    };
    return {
      // Their loss takes the targets as rows of ones and zeros; making those is not timed.
      set: ([x, y]) => {
        held.push(tf.tensor2d(x, [BATCH, WIDTHS[0]]));
        held.push(tf.tidy(() => tf.oneHot(tf.tensor1d(Int32Array.from(y), "int32"), 10).toFloat()));
      },
      run: () => {
        loss = tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => tf.losses.softmaxCrossEntropy(held[1], forward(held[0])), variables);
          sgd.applyGradients(grads);
          return value.dataSync()[0];
        });
      },
      result: () => [loss, ...variables.flatMap((variable) => [...variable.dataSync().subarray(0, 64)])],
      clear: () => free(held),
      dispose: () => free(variables),
    };
  },
};

const [HEADS, ROWS, HEAD_DIM] = [8, 512, 64];

const attention = {
  name: `attention ${HEADS} × ${ROWS} × ${HEAD_DIM}, causal`,
  // Two products over the lower half of the scores.
  flops: 2 * HEADS * ROWS * ROWS * HEAD_DIM * 2 * 0.5,
  tolerance: 1e-5,
  draw: (seed) => [0, 1, 2].map((i) => normal(HEADS * ROWS * HEAD_DIM, seed + 1000 * i)),
  strata: ({ tensor, functional }) => {
    const held = [];
    return {
      set: (inputs) => held.push(...inputs.map((data) => tensor(data, { shape: [1, HEADS, ROWS, HEAD_DIM] }))),
      run: () => held.push(functional.attention(held[0], held[1], held[2], { causal: true })),
      // It lies as [rows, heads] in memory, ready for the next product.
      result: () => Float32Array.from(held[3].contiguous().view()),
      clear: () => free(held),
      dispose: () => {},
    };
  },
  tfjs: (tf) => {
    // What a query must not see is made once.
    const mask = tf.tidy(() => tf.tensor2d(Float32Array.from({ length: ROWS * ROWS }, (_, i) => (i % ROWS > Math.floor(i / ROWS) ? -1e9 : 0)), [ROWS, ROWS]));
    const held = [];
    // One head at a time, the keys transposed: only such products take the backend's fast path. A
    // product of all heads at once takes five times as long.
    const head = (x, h) => x.slice([0, h, 0, 0], [1, 1, ROWS, HEAD_DIM]).reshape([ROWS, HEAD_DIM]);
    const scale = 1 / Math.sqrt(HEAD_DIM);
    return {
      set: (inputs) => held.push(...inputs.map((data) => tf.tensor4d(data, [1, HEADS, ROWS, HEAD_DIM]))),
      run: () => {
        const [q, k, v] = held;
        held.push(
          tf.tidy(() => {
            const heads = Array.from({ length: HEADS }, (_, h) => {
              const scores = tf.matMul(head(q, h).mul(scale), head(k, h).transpose());
              return tf.matMul(tf.softmax(scores.add(mask)), head(v, h));
            });
            return tf.stack(heads).expandDims(0);
          }),
        );
      },
      result: () => Float32Array.from(held[3].dataSync()),
      clear: () => free(held),
      dispose: () => mask.dispose(),
    };
  },
};

/** Everything that is measured. */
export const works = [matmul(512), matmul(1024), mlp, attention];
