#!lua flags=no-writes
-- `Store.verify`.
--
-- KEYS  history, items, order, due
-- Returns {"damaged", key} or false.

local damaged = damage(unpack(KEYS))
return damaged and {"damaged", damaged} or false
