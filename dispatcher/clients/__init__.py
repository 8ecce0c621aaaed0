"""Clients of the API 接口客户端: who may call, with which key, from where, for which sources."""
