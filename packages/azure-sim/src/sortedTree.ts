/**
 * An immutable sorted tree (AVL). A change returns a new tree, which shares all but the path to the change with the old one: it
 * costs O(log n), and whoever holds the old tree still sees what was in it.
 */

/** Compared part by part; parts at the same place have the same type. */
export type Key = readonly (number | string)[];

export type Tree<Value> = Node<Value> | undefined;

interface Node<Value> {
  readonly key: Key;
  readonly value: Value;
  readonly left: Tree<Value>;
  readonly right: Tree<Value>;
  readonly height: number;
}

/** Replaces the value if the key is there. */
export function put<Value>(tree: Tree<Value>, key: Key, value: Value): Node<Value> {
  if (!tree) return node(undefined, { key, value }, undefined);
  const order = compareStart(tree.key, key);
  if (order > 0) return balanced(put(tree.left, key, value), tree, tree.right);
  if (order < 0) return balanced(tree.left, tree, put(tree.right, key, value));
  return node(tree.left, { key, value }, tree.right);
}

export function remove<Value>(tree: Tree<Value>, key: Key): Tree<Value> {
  if (!tree) return undefined;
  const { left, right } = tree;
  const order = compareStart(tree.key, key);
  if (order > 0) return balanced(remove(left, key), tree, right);
  if (order < 0) return balanced(left, tree, remove(right, key));
  if (!left || !right) return left ?? right;
  const next = first(right);
  return balanced(left, next, remove(right, next.key));
}

/** The values whose keys start with these parts, in the order of their keys. */
export function valuesAt<Value>(tree: Tree<Value>, start: Key, found: Value[] = []): Value[] {
  if (!tree) return found;
  const order = compareStart(tree.key, start);
  if (order >= 0) valuesAt(tree.left, start, found);
  if (order === 0) found.push(tree.value);
  if (order <= 0) valuesAt(tree.right, start, found);
  return found;
}

/** Compares only as many parts as `start` has. */
function compareStart(key: Key, start: Key): number {
  for (const [index, wanted] of start.entries()) {
    const part = key[index] ?? "";
    if (part !== wanted) return part < wanted ? -1 : 1;
  }
  return 0;
}

type Entry<Value> = Pick<Node<Value>, "key" | "value">;

function node<Value>(left: Tree<Value>, { key, value }: Entry<Value>, right: Tree<Value>): Node<Value> {
  return { key, value, left, right, height: Math.max(heightOf(left), heightOf(right)) + 1 };
}

/** The heights of the two sides differ by 2 at most; in the result, by 1 at most. */
function balanced<Value>(left: Tree<Value>, entry: Entry<Value>, right: Tree<Value>): Node<Value> {
  const lean = heightOf(left) - heightOf(right);
  if (left && lean > 1) {
    const inner = left.right;
    if (!inner || heightOf(left.left) >= heightOf(inner)) return node(left.left, left, node(inner, entry, right));
    return node(node(left.left, left, inner.left), inner, node(inner.right, entry, right));
  }
  if (right && lean < -1) {
    const inner = right.left;
    if (!inner || heightOf(right.right) >= heightOf(inner)) return node(node(left, entry, inner), right, right.right);
    return node(node(left, entry, inner.left), inner, node(inner.right, right, right.right));
  }
  return node(left, entry, right);
}

function heightOf<Value>(tree: Tree<Value>): number {
  return tree?.height ?? 0;
}

function first<Value>(tree: Node<Value>): Node<Value> {
  return tree.left ? first(tree.left) : tree;
}
