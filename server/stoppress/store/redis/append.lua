#!lua
-- `Past.append`.
--
-- KEYS  the audit of the site
-- ARGV  the act in JSON; the seconds for which to keep acts; about how many to keep

local act, seconds, most = unpack(ARGV)
append_act(KEYS[1], act, tonumber(seconds), most)
