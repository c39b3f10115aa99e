/** The mark: a steelyard in balance. */

export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M3 11h26M10 5v6M6.500 11v7" />
        <path d="M2 18h9a4.500 4.500 0 0 1-9 0z" fill="currentColor" />
        <path d="M23 11v5" />
        <circle cx="23" cy="20" r="3.400" fill="currentColor" />
      </g>
    </svg>
  );
}
