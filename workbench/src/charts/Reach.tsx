/** Where does a figure lie, and how far may it be off? A dot on its interval between the two ends of a scale. */

const HEIGHT = 18;
const PAD = 6;

interface ReachProps {
  value: number;
  low: number;
  high: number;
  from: number;
  to: number;
  words: string;
  width?: number;
}

export function Reach({ value, low, high, from, to, words, width = 160 }: ReachProps) {
  const place = (figure: number) => PAD + ((Math.min(to, Math.max(from, figure)) - from) / Math.max(1e-9, to - from)) * (width - 2 * PAD);
  return (
    <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={words}>
      <line className="axis" x1={PAD} x2={width - PAD} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      {[from, to].map((end, index) => (
        <line key={index} className="axis" x1={place(end)} x2={place(end)} y1={5} y2={HEIGHT - 5} />
      ))}
      <line className="reach" x1={place(low)} x2={place(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      <circle className="dot" cx={place(value)} cy={HEIGHT / 2} r={4} />
    </svg>
  );
}
