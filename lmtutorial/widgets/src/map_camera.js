/*
 * Where a flat map is seen from: the place in the middle of the picture and how near it is. Places on the map lie
 * between −1 and 1, the second number pointing up; points of the picture are pixels, the second pointing down.
 */
export const NEAREST = 40; // how many times larger than the whole map

export class MapCamera {
  constructor() {
    Object.assign(this, { x: 0, y: 0, zoom: 1, width: 1, height: 1 });
  }

  /** Pixels for one unit of the map, to the right and upwards: a wide picture stretches the map a little. */
  get scales() {
    const up = Math.min(this.width / 2.1, this.height / 1.95) * this.zoom;
    const stretch = Math.min(1.3, Math.max(1, this.width / 2.1 / (this.height / 1.95)));
    return [up * stretch, up];
  }

  toPicture(x, y) {
    const [right, up] = this.scales;
    return [this.width / 2 + (x - this.x) * right, this.height / 2 - (y - this.y) * up];
  }

  toMap(left, top) {
    const [right, up] = this.scales;
    return [this.x + (left - this.width / 2) / right, this.y - (top - this.height / 2) / up];
  }

  moveBy(left, top) {
    const [right, up] = this.scales;
    this.x -= left / right;
    this.y += top / up;
    this.keepInside();
  }

  /** Goes nearer by a factor; the place under the point stays under it. False if that changes nothing. */
  zoomBy(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toMap(left, top);
    const before = this.zoom;
    this.zoom = Math.min(NEAREST, Math.max(1, this.zoom * factor));
    const [newX, newY] = this.toMap(left, top);
    this.x += x - newX;
    this.y += y - newY;
    this.keepInside();
    return this.zoom !== before;
  }

  /** The view that shows all of these places ([[x, y], …]) with some room around. */
  viewOf(places) {
    const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const [across, up] = this.scales.map((scale) => scale / this.zoom);
    const wide = (this.width - 150) / across / Math.max(right - left, 1e-3);
    const tall = (this.height - 90) / up / Math.max(high - low, 1e-3);
    return { x: (left + right) / 2, y: (low + high) / 2, zoom: Math.min(8, Math.max(1, Math.min(wide, tall))) };
  }

  keepInside() {
    const room = Math.max(0, 1.05 - 0.5 / this.zoom);
    this.x = Math.min(room, Math.max(-room, this.x));
    this.y = Math.min(room, Math.max(-room, this.y));
  }
}
