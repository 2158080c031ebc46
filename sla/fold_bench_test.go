package sla
