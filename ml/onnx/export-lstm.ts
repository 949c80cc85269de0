import type { ModelShape } from '../models/model.ts';
import { CLIP_DEVIATIONS, type Scaler } from '../models/scaler.ts';
import { float32, type Tensors } from '../tensors.ts';
import type { Calibration } from '../training/calibration.ts';
import { encodeOnnx, type OnnxConstant, type OnnxNode } from './graph.ts';

/** Names of the exported model's ports. */
const ONNX_INPUT = 'window';
const ONNX_LOGIT = 'logit';
const ONNX_PROBABILITY = 'probability';

/** Keras keeps gates as input, forget, candidate, output; ONNX wants input, output, forget, candidate. */
const GATE_ORDER = [0, 3, 1, 2] as const;

/**
 * The whole way from raw features to a calibrated probability as one ONNX file: scaling, clipping, the LSTM layers, the dense output and the
 * calibration. Whoever serves it needs nothing else, so training and serving cannot drift apart.
 * Input `window` [batch, windowBars, features]; outputs `logit` and `probability` [batch, 1].
 */
export function exportLstm(
  weights: Tensors,
  shape: ModelShape,
  scaler: Scaler,
  calibration: Calibration,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const nodes: OnnxNode[] = [
    { op: 'Sub', inputs: [ONNX_INPUT, 'mean'], outputs: ['centred'] },
    { op: 'Div', inputs: ['centred', 'deviation'], outputs: ['scaled'] },
    { op: 'Clip', inputs: ['scaled', 'clipLow', 'clipHigh'], outputs: ['clipped'] },
    { op: 'Transpose', inputs: ['clipped'], outputs: ['sequence0'], attributes: { perm: [1, 0, 2] } },
  ];
  const constants: OnnxConstant[] = [
    { name: 'mean', shape: [shape.featureCount], data: scaler.mean },
    { name: 'deviation', shape: [shape.featureCount], data: scaler.deviation },
    { name: 'clipLow', shape: [], data: Float32Array.of(-CLIP_DEVIATIONS) },
    { name: 'clipHigh', shape: [], data: Float32Array.of(CLIP_DEVIATIONS) },
    { name: 'directionAxis', shape: [1], data: BigInt64Array.of(1n) },
    { name: 'firstAxis', shape: [1], data: BigInt64Array.of(0n) },
  ];

  const layers = Object.keys(weights).filter((name) => name.endsWith('.recurrent')).length;
  for (let layer = 0; layer < layers; layer++) {
    const inputs = weights[`lstm${layer}.kernel`]!.shape[0]!;
    const units = weights[`lstm${layer}.recurrent`]!.shape[0]!;
    constants.push(
      { name: `W${layer}`, shape: [1, 4 * units, inputs], data: gatesByRow(float32(weights, `lstm${layer}.kernel`), inputs, units) },
      { name: `R${layer}`, shape: [1, 4 * units, units], data: gatesByRow(float32(weights, `lstm${layer}.recurrent`), units, units) },
      // ONNX has a bias for the input's and one for the recurrent share; the second stays 0.
      {
        name: `B${layer}`,
        shape: [1, 8 * units],
        data: concatenateFloats(gatesByRow(float32(weights, `lstm${layer}.bias`), 1, units), new Float32Array(4 * units)),
      },
    );
    nodes.push(
      {
        op: 'LSTM',
        inputs: [`sequence${layer}`, `W${layer}`, `R${layer}`, `B${layer}`],
        outputs: [`all${layer}`, `last${layer}`],
        attributes: { hidden_size: units },
      },
      layer + 1 < layers
        ? { op: 'Squeeze', inputs: [`all${layer}`, 'directionAxis'], outputs: [`sequence${layer + 1}`] }
        : { op: 'Squeeze', inputs: [`last${layer}`, 'firstAxis'], outputs: ['hidden'] },
    );
  }

  nodes.push(
    { op: 'Gemm', inputs: ['hidden', 'denseKernel', 'denseBias'], outputs: [ONNX_LOGIT] },
    { op: 'Mul', inputs: [ONNX_LOGIT, 'calibrationScale'], outputs: ['stretched'] },
    { op: 'Add', inputs: ['stretched', 'calibrationShift'], outputs: ['calibrated'] },
    { op: 'Sigmoid', inputs: ['calibrated'], outputs: [ONNX_PROBABILITY] },
  );
  constants.push(
    { name: 'denseKernel', shape: weights['dense.kernel']!.shape, data: float32(weights, 'dense.kernel') },
    { name: 'denseBias', shape: [1], data: float32(weights, 'dense.bias') },
    { name: 'calibrationScale', shape: [1], data: Float32Array.of(-calibration.a) },
    { name: 'calibrationShift', shape: [1], data: Float32Array.of(-calibration.b) },
  );
  return encodeOnnx({
    name: 'lstm',
    nodes,
    constants,
    inputs: [{ name: ONNX_INPUT, shape: ['batch', shape.windowBars, shape.featureCount] }],
    outputs: [
      { name: ONNX_LOGIT, shape: ['batch', 1] },
      { name: ONNX_PROBABILITY, shape: ['batch', 1] },
    ],
    metadata,
  });
}

/** [inputs, 4 gates × units] in Keras' order → [4 gates × units, inputs] in ONNX's. */
function gatesByRow(values: Float32Array, inputs: number, units: number): Float32Array {
  const turned = new Float32Array(values.length);
  GATE_ORDER.forEach((gate, place) => {
    for (let unit = 0; unit < units; unit++) {
      for (let input = 0; input < inputs; input++) turned[(place * units + unit) * inputs + input] = values[input * 4 * units + gate * units + unit]!;
    }
  });
  return turned;
}

function concatenateFloats(first: Float32Array, second: Float32Array): Float32Array {
  const whole = new Float32Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
