/** How large is an image shown? As large as both sides of its stage allow; small ones grow with hard pixel edges. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";

interface Size {
  width: number;
  height: number;
}

/** Above this factor an image is a grid of pixels, and smoothing would invent what is not there. */
const PIXELS_FROM = 4;
/** A digit of 8 by 8 pixels is read worse when it fills a screen. */
const LARGEST_PIXEL_SIDE = 384;

export function shownScale(natural: Size, stage: Size, zoomed: boolean): number {
  if (natural.width <= 0 || natural.height <= 0 || stage.width <= 0 || stage.height <= 0) return 1;
  let fit = Math.min(stage.width / natural.width, stage.height / natural.height);
  if (fit > PIXELS_FROM) {
    const side = Math.max(natural.width, natural.height);
    fit = Math.max(PIXELS_FROM, Math.min(Math.floor(fit), Math.floor(LARGEST_PIXEL_SIDE / side)));
  }
  return zoomed ? Math.max(1, fit * 2) : fit;
}

export function ImageBlock({ url, alt, zoomed }: { url: string; alt?: string; zoomed: boolean }) {
  const stage = useRef<HTMLDivElement>(null);
  const [natural, setNatural] = useState<Size | null>(null);
  const [room, setRoom] = useState<Size | null>(null);
  const [failed, setFailed] = useState(false);

  useLayoutEffect(() => {
    const element = stage.current;
    if (element === null) return;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    setFailed(false);
    setNatural(null);
  }, [url]);

  useLayoutEffect(() => {
    const element = stage.current;
    if (element === null || !zoomed) return;
    element.scrollLeft = (element.scrollWidth - element.clientWidth) / 2;
    element.scrollTop = (element.scrollHeight - element.clientHeight) / 2;
  }, [zoomed]);

  const scale = natural !== null && room !== null ? shownScale(natural, room, zoomed) : null;
  const shown = natural !== null && scale !== null ? { width: natural.width * scale, height: natural.height * scale } : undefined;
  return (
    <div className="image-stage" ref={stage}>
      {failed ? (
        <p className="notice" role="alert">
          The image did not load.{" "}
          <button type="button" onClick={() => setFailed(false)}>
            Try again
          </button>
        </p>
      ) : (
        <img
          src={url}
          alt={alt ?? "The image to judge"}
          draggable={false}
          className={scale !== null && scale > PIXELS_FROM ? "pixels" : undefined}
          style={shown ?? { visibility: "hidden" }}
          onLoad={(event) => setNatural({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })}
          onError={() => setFailed(true)}
        />
      )}
    </div>
  );
}
