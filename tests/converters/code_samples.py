"""One short program a language, and the symbols that must be found in it, in order."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """A file name, its content, and the symbols of its blocks in the order of the file."""

    name: str
    text: str
    symbols: tuple[str, ...]


SAMPLES = (
    Sample(
        "shop.py",
        '''"""A shop."""
import os

LIMIT = 3


# How a basket is kept.
@dataclass
class Basket:
    """What was chosen."""

    items: list

    def total(self):
        """The sum."""
        return sum(self.items)

    @property
    async def size(self):
        def inner():
            pass
        return len(self.items)

    class Item:
        def price(self):
            return 1


def main():
    print("x")
''',
        ("Basket", "Basket.total", "Basket.size", "Basket.Item", "Basket.Item.price", "main"),
    ),
    Sample(
        "app.js",
        """import x from 'y';

/** Adds. */
export function add(a, b) {
  return a + b;
}

export const twice = (n) => {
  return n * 2;
};

class Cart extends Base {
  constructor() {
    super();
  }
  total() {
    return 1;
  }
}
module.exports.sum = function (a) {
  return a;
};
""",
        ("add", "twice", "Cart", "Cart.constructor", "Cart.total", "module.exports.sum"),
    ),
    Sample(
        "app.ts",
        """interface Shape {
  area(): number;
}

namespace Geo {
  export class Circle implements Shape {
    constructor(private r: number) {
      this.r = r;
    }
    area(): number {
      return 3 * this.r;
    }
  }
}

type Id = string | number;

enum Colour {
  Red,
}

export default async function load(): Promise<void> {
  await go();
}
""",
        (
            "Shape",
            "Geo",
            "Geo.Circle",
            "Geo.Circle.constructor",
            "Geo.Circle.area",
            "Id",
            "Colour",
            "load",
        ),
    ),
    Sample(
        "view.tsx",
        """export const Button = ({ label }: Props) => {
  return <button>{label}</button>;
};

function App() {
  return <Button label="x" />;
}
""",
        ("Button", "App"),
    ),
    Sample(
        "main.go",
        """package main

import "fmt"

// Point is a place.
type Point struct {
	X, Y int
}

// Move moves.
func (p *Point) Move(dx int) {
	p.X += dx
}

func main() {
	fmt.Println("x")
}
""",
        ("Point", "Point.Move", "main"),
    ),
    Sample(
        "lib.rs",
        """use std::fmt;

/// A point.
#[derive(Debug)]
pub struct Point {
    x: i32,
}

impl Point {
    /// New.
    pub fn new() -> Self {
        Point { x: 0 }
    }
}

impl fmt::Display for Point {
    fn fmt(&self) -> i32 {
        1
    }
}

mod inner {
    pub fn helper() {
        todo()
    }
}

trait Shape {
    fn area(&self) -> f64;
}

enum Colour {
    Red,
}

fn main() {
    run();
}
""",
        (
            "Point",
            "Point.new",
            "Point",
            "Point.fmt",
            "inner",
            "inner.helper",
            "Shape",
            "Colour",
            "main",
        ),
    ),
    Sample(
        "list.c",
        """#include <stdio.h>

struct node {
    int value;
};

/* Adds. */
static int add(int a, int b)
{
    return a + b;
}

char *name_of(struct node *n)
{
    return 0;
}

#ifdef DEBUG
void debug(void)
{
    puts("x");
}
#endif
""",
        ("node", "add", "name_of", "debug"),
    ),
    Sample(
        "tree.cpp",
        """#include <vector>

namespace trees {

template <typename T>
class Tree {
 public:
  Tree() {
    size_ = 0;
  }
  int size() const {
    return size_;
  }
 private:
  int size_;
};

int Tree<int>::depth() {
  return 1;
}

}  // namespace trees

int main() {
  return 0;
}
""",
        (
            "trees",
            "trees.Tree",
            "trees.Tree.Tree",
            "trees.Tree.size",
            "trees.Tree",
            "trees.Tree<int>.depth",
            "main",
        ),
    ),
    Sample(
        "Shop.java",
        """package shop;

import java.util.List;

/** A shop. */
public class Shop {
    private int count;

    public Shop() {
        this.count = 0;
    }

    @Override
    public String toString() {
        return "shop";
    }

    interface Visitor {
        void visit();
    }
}

enum Colour {
    RED
}

record Pair(int a, int b) {
}
""",
        ("Shop", "Shop.Shop", "Shop.toString", "Shop.Visitor", "Colour", "Pair"),
    ),
    Sample(
        "Shop.kt",
        """package shop

/** A shop. */
class Shop(val name: String) {
    fun open(): Boolean {
        return true
    }
    companion object {
        fun create(): Shop {
            return Shop("x")
        }
    }
}

object Registry {
    fun find() {
        println()
    }
}

fun main() {
    println("x")
}
""",
        ("Shop", "Shop.open", "Shop.create", "Registry", "Registry.find", "main"),
    ),
    Sample(
        "Shop.cs",
        """using System;

namespace Shops
{
    /// <summary>A shop.</summary>
    public class Shop
    {
        public int Count { get; set; }

        public Shop()
        {
            Count = 0;
        }

        public int Total(int a)
        {
            return a;
        }
    }

    interface IVisit
    {
        void Visit();
    }
}
""",
        ("Shops", "Shops.Shop", "Shops.Shop.Shop", "Shops.Shop.Total", "Shops.IVisit"),
    ),
    Sample(
        "shop.rb",
        """require 'json'

# Shops.
module Shops
  class Shop < Base
    def initialize(name)
      @name = name
    end

    def self.create
      new('x')
    end
  end
end

def main
  puts 'x'
end
""",
        ("Shops", "Shops.Shop", "Shops.Shop.initialize", "Shops.Shop.create", "main"),
    ),
    Sample(
        "shop.php",
        """<?php
namespace App;

/** A shop. */
class Shop
{
    public function total(): int
    {
        return 1;
    }
}

function main()
{
    echo 'x';
}
""",
        ("Shop", "Shop.total", "main"),
    ),
    Sample(
        "Shop.swift",
        """import Foundation

/// A shop.
struct Shop {
    let name: String
    init(name: String) {
        self.name = name
    }
    func open() -> Bool {
        return true
    }
}

extension Shop {
    func close() {
        print("x")
    }
}

protocol Visiting {
    func visit()
}

func main() {
    print("x")
}
""",
        ("Shop", "Shop.init", "Shop.open", "Shop", "Shop.close", "Visiting", "main"),
    ),
    Sample(
        "Shop.scala",
        """package shop

/** A shop. */
class Shop(name: String) {
  def open(): Boolean = {
    true
  }
}

object Shop {
  def apply(): Shop = {
    new Shop("x")
  }
}

trait Visit {
  def visit(): Unit
}
""",
        ("Shop", "Shop.open", "Shop", "Shop.apply", "Visit"),
    ),
    Sample(
        "shop.lua",
        """local Shop = {}

-- Opens.
function Shop.open(self)
  return true
end

function Shop:close()
  return false
end

local function helper()
  return 1
end

Shop.find = function(x)
  return x
end
""",
        ("Shop.open", "Shop.close", "helper", "Shop.find"),
    ),
    Sample(
        "run.sh",
        """#!/bin/bash
set -e

# Builds.
build() {
  make all
}

function clean {
  rm -r out
}

build
""",
        ("build", "clean"),
    ),
    Sample(
        "Shop.hs",
        """module Shop where

import Data.List

-- | A shop.
data Shop = Shop
  { name :: String
  }

-- | Doubles.
double :: Int -> Int
double x =
  x * 2

class Visit a where
  visit :: a -> Int
""",
        ("Shop", "double", "Visit"),
    ),
    Sample(
        "shop.ex",
        """defmodule Shop do
  @moduledoc "A shop."

  @doc "Opens."
  def open(name) do
    name
  end

  defp helper(x) when x > 1 do
    x
  end
end
""",
        ("Shop", "Shop.open", "Shop.helper"),
    ),
    Sample(
        "shop.jl",
        """module Shop

struct Point
    x::Int
end

function open(p::Point)
    return p.x
end

double(x) = x * 2

end
""",
        ("Shop", "Shop.Point", "Shop.open", "Shop.double"),
    ),
    Sample(
        "shop.R",
        """library(stats)

# Adds.
add <- function(a, b) {
  a + b
}

sub = function(a, b) {
  a - b
}
""",
        ("add", "sub"),
    ),
    Sample(
        "Shop.pm",
        """package Shop;
use strict;

# Opens.
sub open_shop {
    my ($self) = @_;
    return 1;
}

sub close_shop {
    return 0;
}

1;
""",
        ("open_shop", "close_shop"),
    ),
    Sample(
        "shop.dart",
        """import 'dart:io';

/// A shop.
class Shop extends Base {
  final String name;

  Shop(this.name);

  bool open() {
    return true;
  }
}

void main() {
  print('x');
}
""",
        ("Shop", "Shop.open", "main"),
    ),
    Sample(
        "shop.sql",
        """-- Customers.
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT
);

CREATE VIEW rich AS
SELECT * FROM customers;

CREATE FUNCTION add(a int, b int) RETURNS int
AS $$ SELECT a + b; $$ LANGUAGE sql;

SELECT 1;
""",
        ("customers", "rich", "add"),
    ),
    Sample(
        "shop.zig",
        """const std = @import("std");

const Point = struct {
    x: i32,
    pub fn move(self: *Point) void {
        self.x += 1;
    }
};

pub fn main() !void {
    return;
}

test "adds" {
    try expect(true);
}
""",
        ("Point", "Point.move", "main", "adds"),
    ),
    Sample(
        "shop.ml",
        """open Printf

(** Doubles. *)
let double x =
  x * 2

type point = {
  x : int;
}

module Inner = struct
  let helper y =
    y + 1
end
""",
        ("double", "point", "Inner", "Inner.helper"),
    ),
    Sample(
        "shop.clj",
        """(ns shop.core)

(defn open-shop
  "Opens."
  [x]
  (inc x))

(def limit 3)
""",
        ("open-shop", "limit"),
    ),
    Sample(
        "shop.erl",
        """-module(shop).
-export([open/1]).

%% Opens.
open(X) ->
    X + 1.

close(X) ->
    X - 1.
""",
        ("open", "close"),
    ),
    Sample(
        "Shop.fs",
        """module Shop

type Point =
    { X: int }

let double x =
    x * 2
""",
        ("Point", "double"),
    ),
    Sample(
        "shop.proto",
        """syntax = "proto3";

message Item {
  string name = 1;
}

service Shop {
  rpc Open(Item) returns (Item);
}
""",
        ("Item", "Shop"),
    ),
    Sample(
        "main.tf",
        """resource "aws_instance" "web" {
  ami = "x"
}

variable "region" {
  default = "eu"
}
""",
        ("resource.aws_instance.web", "variable.region"),
    ),
    Sample(
        "schema.graphql",
        """type Item {
  name: String
}

enum Colour {
  RED
}
""",
        ("Item", "Colour"),
    ),
    Sample(
        "Makefile",
        """CC = gcc

# Builds.
all: main.o
\tcc -o x main.o

clean:
\trm x
""",
        ("all", "clean"),
    ),
    Sample(
        "shop.m",
        """function r = double_it(x)
  r = x * 2;
end

function s = halve(x)
  s = x / 2;
end
""",
        ("double_it", "halve"),
    ),
    Sample(
        "shop.el",
        """;;; shop.el

(defun open-shop (x)
  "Opens."
  (+ x 1))

(defvar limit 3)
""",
        ("open-shop",),
    ),
    Sample(
        "Shop.ps1",
        """function Open-Shop {
  param($x)
  return $x
}

class Basket {
  [int] Total() {
    return 1
  }
}
""",
        ("Open-Shop", "Basket", "Basket.Total"),
    ),
    Sample(
        "shop.pas",
        """program Shop;

procedure OpenShop(x: Integer);
begin
  writeln(x);
end;

begin
  OpenShop(1);
end.
""",
        ("OpenShop",),
    ),
    Sample(
        "shop.f90",
        """module shop
contains
subroutine open_shop(x)
  integer :: x
  print *, x
end subroutine open_shop
end module shop
""",
        ("shop", "shop.open_shop"),
    ),
    Sample(
        "shop.sol",
        """pragma solidity ^0.8.0;

contract Shop {
    uint count;
    function open() public returns (uint) {
        return count;
    }
}
""",
        ("Shop", "Shop.open"),
    ),
    Sample(
        "shop.nim",
        """import strutils

proc double(x: int): int =
  result = x * 2

type
  Point = object
    x: int
""",
        ("double", "Point"),
    ),
    Sample(
        "shop.d",
        """module shop;

class Shop {
    int open() {
        return 1;
    }
}

void main() {
    return;
}
""",
        ("Shop", "Shop.open", "main"),
    ),
    Sample(
        "shop.vim",
        """function! OpenShop(x)
  return a:x
endfunction
""",
        ("OpenShop",),
    ),
    Sample(
        "shop.gd",
        """extends Node

func open_shop(x):
\treturn x

class Inner:
\tfunc helper():
\t\treturn 1
""",
        ("open_shop", "Inner", "Inner.helper"),
    ),
)
