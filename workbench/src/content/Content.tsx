/** What is there to look at? Blocks in their order; one image alone gets the whole stage. */

import type { Block, Content } from "../api/types";
import { ChatBlock } from "./ChatBlock";
import { ImageBlock } from "./ImageBlock";

function BlockView({ block, zoomed }: { block: Block; zoomed: boolean }) {
  if (block.type === "text") return <div className="text-block">{block.text ?? ""}</div>;
  if (block.type === "image" && block.url !== undefined) return <ImageBlock url={block.url} alt={block.alt} zoomed={zoomed} />;
  if (block.type === "chat" && block.messages !== undefined) return <ChatBlock messages={block.messages} />;
  return (
    <p className="notice">
      This workbench cannot show content of type <strong>{block.type}</strong> yet. Return the task and say so in the reason.
    </p>
  );
}

export function ContentView({ content, zoomed = false }: { content: Content; zoomed?: boolean }) {
  const images = content.blocks.filter((block) => block.type === "image").length;
  return (
    <div className={`content${images > 0 ? " with-images" : ""}`}>
      {content.blocks.length === 0 && <p className="meta">This task has no content.</p>}
      {content.blocks.map((block, index) => (
        <BlockView key={index} block={block} zoomed={zoomed} />
      ))}
    </div>
  );
}
