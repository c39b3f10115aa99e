/** A conversation, turn by turn, as it was. */

export function ChatBlock({ messages }: { messages: { role: string; content: string }[] }) {
  return (
    <ol className="chat-block">
      {messages.map((message, index) => (
        <li key={index} className={message.role}>
          <span className="meta">{message.role}</span>
          <div className="text-block">{message.content}</div>
        </li>
      ))}
    </ol>
  );
}
