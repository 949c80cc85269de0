/** All ways to choose `size` of 0…count−1, in lexicographic order. */
export function combinations(count: number, size: number): number[][] {
  const found: number[][] = [];
  const extend = (chosen: number[], from: number) => {
    if (chosen.length === size) found.push(chosen);
    else for (let next = from; next <= count - (size - chosen.length); next++) extend([...chosen, next], next + 1);
  };
  extend([], 0);
  return found;
}
