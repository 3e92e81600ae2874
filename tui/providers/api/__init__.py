"""A vendor's own JSON API at one host: what Harbor, Alibaba Cloud and Tencent Cloud have in common.

    provider -> pages -> client -> transport

`call` says what one request is, `client` sends it to the one host it was made for, `pages` reads lists.
"""
