# SPDX-License-Identifier: Apache-2.0
"""Prints what a packing job measured: deploy/compare.py JOB.json [INFER.json]

JOB.json is what `colonnade job show --json` or `job submit --watch --json` printed,
INFER.json what `colonnade infer --json` did for the images of the job's evaluation.
Exit code 1 when serving does not give the accuracy that the job measured.
"""

import json
import sys


def rows(result):
    dense, packed = result["dense"], result["packed"]
    yield "", "dense", "packed", ""
    yield "accuracy", f"{result['dense_accuracy']:.2%}", f"{result['quantized_accuracy']:.2%}", "packed: 8-bit integers"
    for name, label in (
        ("columns", "array columns"),
        ("tiles", "tiles"),
        ("cycles", "cycles per image"),
        ("weight_bytes", "weight bytes"),
    ):
        before, after = dense[name], packed[name]
        yield label, f"{before:,}", f"{after:,}", f"{before / after:.2f}x fewer"


def main(job, served=None):
    with open(job, encoding="utf-8") as file:
        result = json.load(file)["result"]
    for label, dense, packed, note in rows(result):
        print(f"{label:<18}{dense:>14}{packed:>14}  {note}".rstrip())
    print(f"data budget: {result['data_used']:,} training images used of {result['data_ceiling']:,} allowed")
    print(f"accuracy on {result['accuracy_images']:,} images of the {result['accuracy_source'].replace('_', '-')} data")
    if served is None:
        return 0
    with open(served, encoding="utf-8") as file:
        answer = json.load(file)
    print(f"served: {answer['accuracy']:.2%} of {len(answer['images']):,} images right, executor {answer['executor']}")
    same = abs(answer["accuracy"] - result["quantized_accuracy"]) < 1e-9
    if not same:
        print("compare: serving does not give the accuracy that the job measured", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
