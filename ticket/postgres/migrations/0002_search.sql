-- The words of messages. What is longer than a tsvector can hold is found by its beginning.
create index messages_words on messages using gin (to_tsvector('simple', left(data -> 'content' ->> 'text', 100000)));
