import { parse } from "../json.js";
import { native } from "../load.js";
import { checkSeed } from "../random.js";
import { flag, optionsOf, text as textOf, whole } from "../shared/options.js";

/** One choice of the grammar on the way to a story. */
export interface Decision {
  /** What was decided. */
  readonly what: string;
  /** Where in the text it shows first, in bytes. */
  readonly at: number;
  /** The weight of what was chosen. */
  readonly weight: number;
  /** The sum of the weights it was chosen from: its probability is `weight / total`. */
  readonly total: number;
}

/** A story and its exact probability. */
export interface Story {
  /** One paragraph. */
  readonly text: string;
  /** Natural logarithm of the probability that the grammar tells exactly this text. */
  readonly logProb: number;
  /** The choices that lead to it; the product of their probabilities is the story's. */
  readonly decisions: readonly Decision[];
}

/**
 * The embedded text: a grammar whose every choice has a known probability, so that the loss no model
 * can beat is known.
 */
export const stories = {
  /** Story number `index` of `seed`: a pure function. Held-out stories are never trained on. */
  tell(seed: number, index: number, options?: { heldOut?: boolean | undefined }): Story {
    const op = "stories.tell";
    const heldOut = flag(op, "heldOut", optionsOf(op, options).heldOut);
    const text = native.story(checkSeed(seed, op), whole(op, "index", index, 0), heldOut);
    return parse<Story>(text);
  },

  /** Nats of a story on average, exactly: the entropy of the grammar. */
  get entropy(): number {
    return native.storyEntropy();
  },

  /**
   * Natural logarithm of the probability of a text, found by deriving it again.
   *
   * @throws {@link StrataError} `"data"` if the grammar cannot tell it.
   */
  logProb(text: string): number {
    return native.storyLogProb(textOf("stories.logProb", "text", text));
  },
};
