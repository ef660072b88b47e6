/** The order of a kind's versions: v2, v1, v1beta1, v1alpha1, then others by name (k8s.io/apimachinery/pkg/version). */
const stages = ["alpha", "beta", ""];

interface Parts {
  readonly stage: number;
  readonly major: number;
  readonly minor: number;
}

function partsOf(version: string): Parts | undefined {
  const [, major, stage = "", minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return major === undefined ? undefined : { stage: stages.indexOf(stage), major: Number(major), minor: Number(minor) };
}

export function byVersion(left: string, right: string): number {
  const [one, other] = [partsOf(left), partsOf(right)];
  if (one === undefined || other === undefined) {
    if (one !== other) return one === undefined ? 1 : -1;
    return left < right ? -1 : Number(left > right);
  }
  return other.stage - one.stage || other.major - one.major || other.minor - one.minor;
}
